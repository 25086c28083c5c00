// Makes each system call that a plugin is refused, as a hostile plugin would, and tells what came of it.
//
//     call-prober OPERATOR FILE [LABEL]
//     call-prober labels
//
// For each line of call_rules.h it prints "LABEL<tab>EXPECTED<tab>FOUND", in errno's numbers; CHANGED stands for a call
// that had an effect. With a label it makes only that call, without a separate process. OPERATOR is a process that
// is not to be reached, FILE one of the user's that is not to be changed. Without a filter the calls are harmless.
// `labels` prints the labels of all calls that it can make.
#define _GNU_SOURCE
#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <linux/sockios.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utime.h>

#include "../../../Sources/generalscaler-launch/call_numbers.h"

enum { CHANGED = 254, KILLED = 253, NO_PROBE = 252, IOPRIO_WHO_PROCESS = 1, IOPRIO_WHO_USER = 3 };
#define NAMESPACES CLONE_NEWUSER

static long operator;
static const char *file;
static int descriptor, stream;

/// Fills what a call does not use, so that a call which is let through fails.
#define NONE 0L

struct probe {
    const char *label;
    long number;
    long arguments[6];
};

/// The label that the rule has in tests: its call, and the value that its condition compares with.
static void label_of(const char *name, const char *value, char *buffer, size_t size) {
    if (strcmp(value, "0") == 0) snprintf(buffer, size, "%s", name);
    else snprintf(buffer, size, "%s %s", name, value);
}

/// - Parameter label: NULL to print all labels.
static int plain_probe(const char *label) {
    struct f_owner_ex owner = {.type = F_OWNER_PID, .pid = getpid()};
    int self = getpid();
    long socket = stream, fd = descriptor;
#define P(name, ...) {#name, SYS_##name, {__VA_ARGS__}}
#define V(name, value, ...) {#name " " #value, SYS_##name, {__VA_ARGS__}}
    const struct probe probes[] = {
        P(setsid, NONE), P(clone3, NONE, NONE), P(unshare, 1), P(setns, -1, NONE),
        P(kill, operator, 0), P(tkill, operator, 0), P(tgkill, operator, operator, 0),
        P(rt_sigqueueinfo, operator, SIGURG, NONE), P(rt_tgsigqueueinfo, operator, operator, SIGURG, NONE),
        P(pidfd_open, operator, 0), P(pidfd_send_signal, -1, 0, NONE, 0),
        V(fcntl, F_SETOWN, socket, F_SETOWN, self), V(fcntl, F_SETOWN_EX, socket, F_SETOWN_EX, (long)&owner),
        V(fcntl, F_SETSIG, socket, F_SETSIG, 0), V(ioctl, FIOSETOWN, socket, FIOSETOWN, (long)&self),
        V(ioctl, SIOCSPGRP, socket, SIOCSPGRP, (long)&self), V(ioctl, TIOCSTI, socket, TIOCSTI, NONE),
        V(fcntl, F_SETLEASE, socket, F_SETLEASE, F_WRLCK),
        P(ptrace, 17, operator, NONE, NONE), P(process_vm_readv, operator, NONE, 0, NONE, 0, 1),
        P(process_vm_writev, operator, NONE, 0, NONE, 0, 1), P(process_madvise, -1, NONE, 0, 0, 0),
        P(process_mrelease, -1, 0), P(pidfd_getfd, -1, 0, 0), P(kcmp, operator, operator, 999, 0, 0),
        P(sched_setparam, operator, NONE), P(sched_setattr, operator, NONE, 0),
        P(sched_setscheduler, operator, 0, NONE), P(sched_setaffinity, operator, 0, NONE),
        P(migrate_pages, operator, 0, NONE, NONE), P(move_pages, operator, 0, NONE, NONE, NONE, 99),
        P(prlimit64, operator, RLIMIT_CPU, NONE, NONE),
        V(setpriority, PRIO_PROCESS, PRIO_USER, 0, getpriority(PRIO_PROCESS, 0)),
        V(ioprio_set, IOPRIO_WHO_PROCESS, IOPRIO_WHO_USER, 0, 0xE000),
        P(fchown, fd, -1, -1), P(fchownat, AT_FDCWD, (long)file, -1, -1, 0), P(truncate, (long)file, 4),
#ifdef SYS_chown
        P(chown, (long)file, -1, -1), P(lchown, (long)file, -1, -1),
#endif
        P(setxattr, (long)file, NONE, NONE, 0, 0), P(lsetxattr, (long)file, NONE, NONE, 0, 0),
        P(fsetxattr, fd, NONE, NONE, 0, 0), P(setxattrat, AT_FDCWD, (long)file, 0, NONE, NONE, 0),
        P(removexattr, (long)file, NONE), P(lremovexattr, (long)file, NONE), P(fremovexattr, fd, NONE),
        P(removexattrat, AT_FDCWD, (long)file, 0, NONE), P(getxattr, (long)file, NONE, NONE, 0),
        P(lgetxattr, (long)file, NONE, NONE, 0), P(fgetxattr, fd, NONE, NONE, 0),
        P(getxattrat, AT_FDCWD, (long)file, 0, NONE, NONE, 0), P(listxattr, NONE, NONE, 0),
        P(llistxattr, NONE, NONE, 0), P(flistxattr, -1, NONE, 0), P(listxattrat, AT_FDCWD, NONE, 0, NONE, 0),
        P(file_getattr, AT_FDCWD, (long)file, NONE, 0, 0), P(file_setattr, AT_FDCWD, (long)file, NONE, 0, 0),
        V(ioctl, FS_IOC_SETFLAGS, fd, FS_IOC_SETFLAGS, NONE), V(ioctl, FS_IOC32_SETFLAGS, fd, FS_IOC32_SETFLAGS, NONE),
        V(ioctl, FS_IOC_FSSETXATTR, fd, FS_IOC_FSSETXATTR, NONE), V(ioctl, FS_IOC_SETVERSION, fd, FS_IOC_SETVERSION, NONE),
        V(ioctl, FS_IOC32_SETVERSION, fd, FS_IOC32_SETVERSION, NONE),
        V(ioctl, FS_IOC_ENABLE_VERITY, fd, FS_IOC_ENABLE_VERITY, NONE),
        P(shmget, 0, 0, 0600), P(shmat, -1, NONE, 0), P(shmctl, -1, 2, NONE), P(semget, 0, 0, 0600),
        P(semop, -1, NONE, 0), P(semtimedop, -1, NONE, 0, NONE), P(semctl, -1, 0, 2, NONE),
        P(msgget, 0x7AFE1234, 0), P(msgsnd, -1, NONE, 0, 0), P(msgrcv, -1, NONE, 0, 0, 0), P(msgctl, -1, 2, NONE),
        P(mq_open, NONE, 0, 0, NONE), P(mq_unlink, NONE), P(memfd_create, NONE, 0), P(memfd_secret, 0x40),
        P(io_uring_setup, 0, NONE), P(io_uring_enter, -1, 0, 0, 0, NONE, 0), P(io_uring_register, -1, 0, NONE, 0),
        P(userfaultfd, 0x100), P(bpf, 999, NONE, 0), P(perf_event_open, NONE, 0, 0, -1, 0), P(add_key, NONE, NONE, NONE, 0, 0),
        P(request_key, NONE, NONE, NONE, 0), P(keyctl, 999, 0, 0, 0, 0), P(execveat, -1, NONE, NONE, NONE, 0),
        P(fanotify_init, 0x80000000L, 0), P(fanotify_mark, -1, 0, 0, -1, NONE),
        P(name_to_handle_at, -1, NONE, NONE, NONE, 0), P(open_by_handle_at, -1, NONE, 0),
        P(mount, NONE, NONE, NONE, 0, NONE), P(umount2, NONE, 0), P(pivot_root, NONE, NONE), P(chroot, NONE),
        P(fsopen, NONE, 0), P(fsconfig, -1, 999, NONE, NONE, 0), P(fsmount, -1, 0, 0), P(fspick, -1, NONE, 0),
        P(move_mount, -1, NONE, -1, NONE, 0), P(open_tree, -1, NONE, 0), P(open_tree_attr, -1, NONE, 0, NONE, 0),
        P(mount_setattr, -1, NONE, 0, NONE, 0), P(statmount, NONE, NONE, 0, 0), P(listmount, NONE, NONE, 0, 0),
#ifdef SYS_fork
        P(fork, NONE),
#endif
    };
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
        if (label == NULL) puts(probes[i].label);
        if (label == NULL || strcmp(probes[i].label, label) != 0) continue;
        const long *a = probes[i].arguments;
        long result = syscall(probes[i].number, a[0], a[1], a[2], a[3], a[4], a[5]);
        if (result == 0 && strcmp(label, "fork") == 0) _exit(0);
        return result < 0 ? errno : 0;
    }
    return NO_PROBE;
}

/// The C library's function, because a child of vfork must not return from the function that made it.
static int vfork_probe(void) {
    pid_t child = vfork();
    if (child == 0) _exit(0);
    return child < 0 ? errno : 0;
}

static int clone_probe(long flags) {
    long child = syscall(SYS_clone, flags | SIGCHLD, NONE, NONE, NONE, NONE);
    if (child == 0) _exit(0);
    return child < 0 ? errno : 0;
}

/// A call that is to succeed without an effect.
static int effect_probe(const char *label) {
    struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    struct timeval seconds[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    struct utimbuf both = {.actime = 1, .modtime = 1};
    struct stat before, after;
    stat(file, &before);
    bool was_dumpable = prctl(PR_GET_DUMPABLE) == 1;
    long result = -1;
    errno = NO_PROBE;
    if (strcmp(label, "prctl PR_SET_DUMPABLE") == 0) result = prctl(PR_SET_DUMPABLE, 0);
    if (strcmp(label, "fchmod") == 0) result = syscall(SYS_fchmod, descriptor, 0777);
    if (strcmp(label, "fchmodat") == 0) result = syscall(SYS_fchmodat, AT_FDCWD, file, 0777);
    if (strcmp(label, "fchmodat2") == 0) result = syscall(SYS_fchmodat2, AT_FDCWD, file, 0777, 0);
    if (strcmp(label, "utimensat") == 0) result = syscall(SYS_utimensat, AT_FDCWD, file, times, 0);
#ifdef SYS_chmod
    if (strcmp(label, "chmod") == 0) result = syscall(SYS_chmod, file, 0777);
    if (strcmp(label, "utime") == 0) result = syscall(SYS_utime, file, &both);
    if (strcmp(label, "utimes") == 0) result = syscall(SYS_utimes, file, seconds);
    if (strcmp(label, "futimesat") == 0) result = syscall(SYS_futimesat, AT_FDCWD, file, seconds);
#endif
    (void)seconds, (void)both;
    int error = result < 0 ? errno : 0;
    stat(file, &after);
    bool changed = before.st_mode != after.st_mode || before.st_mtim.tv_sec != after.st_mtim.tv_sec ||
                   was_dumpable != (prctl(PR_GET_DUMPABLE) == 1);
    if (changed) {
        chmod(file, before.st_mode & 07777);
        struct timespec old[2] = {before.st_atim, before.st_mtim};
        utimensat(AT_FDCWD, file, old, 0);
    }
    return changed ? CHANGED : error;
}

static int probe(const char *label, int expected) {
    if (strcmp(label, "vfork") == 0) return vfork_probe();
    if (strcmp(label, "clone CLONE_PARENT") == 0) return clone_probe(CLONE_PARENT);
    if (strcmp(label, "clone NAMESPACES") == 0) return clone_probe(NAMESPACES);
    if (strcmp(label, "clone CLONE_THREAD") == 0) return clone_probe(0);
    return expected == 0 ? effect_probe(label) : plain_probe(label);
}

/// The labels of the calls that are not in a table.
static const char *const special_labels[] = {
    "clone CLONE_PARENT", "clone NAMESPACES", "clone CLONE_THREAD", "prctl PR_SET_DUMPABLE", "fchmod", "fchmodat",
    "fchmodat2", "utimensat",
#ifdef SYS_fork
    "vfork",
#endif
#ifdef SYS_chmod
    "chmod", "utime", "utimes", "futimesat",
#endif
};

static int in_child(int (*body)(const char *, int), const char *label, int expected) {
    pid_t child = fork();
    if (child == 0) _exit(body(label, expected));
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child) return KILLED;
    return WIFEXITED(status) ? WEXITSTATUS(status) : KILLED;
}

static int thread(void *unused) {
    (void)unused;
    return 0;
}

static void exit_with_enosys(int number) {
    (void)number;
    _exit(ENOSYS);
}

/// What a plugin needs, and other numbers for what it is refused.
static int other(const char *label, int expected) {
    (void)expected;
    long result = -1;
    errno = NO_PROBE;
    if (strcmp(label, "newer call") == 0) result = syscall(NEWEST_KNOWN_CALL + 1);
    if (strcmp(label, "much newer call") == 0) result = syscall(100000);
    if (strcmp(label, "own priority") == 0) result = setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0));
    if (strcmp(label, "operator's priority") == 0)
        result = setpriority(PRIO_PROCESS, (id_t)operator, getpriority(PRIO_PROCESS, (id_t)operator));
    // Its result without a filter: the kernel does not know this class.
    if (strcmp(label, "operator's I/O priority") == 0)
        result = syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, operator, 0xE000);
    if (strcmp(label, "own limit") == 0) result = syscall(SYS_prlimit64, 0, RLIMIT_CPU, NONE, NONE);
    if (strcmp(label, "own cores") == 0) {
        cpu_set_t set;
        sched_getaffinity(0, sizeof set, &set);
        result = sched_setaffinity(0, sizeof set, &set);
    }
    if (strcmp(label, "own group") == 0) result = setpgid(0, 0);
    if (strcmp(label, "own child") == 0) {
        pid_t child = fork();
        if (child == 0) pause();
        result = kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    if (strcmp(label, "thread") == 0) {
        static char stack[65536];
        result = clone(thread, stack + sizeof stack, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD,
                       NULL);
    }
#ifdef __x86_64__
    if (strcmp(label, "x32 call") == 0) result = syscall(0x40000000 | SYS_getpid);
    if (strcmp(label, "i386 call") == 0) {
        // getpid of the 32-bit table. A kernel without it kills the process, which is no way to make the call either.
        signal(SIGSEGV, exit_with_enosys);
        __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
        if (result < 0) errno = (int)-result;
    }
#else
    if (strcmp(label, "x32 call") == 0 || strcmp(label, "i386 call") == 0) errno = ENOSYS;
#endif
    return result < 0 ? errno : 0;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "labels") == 0) {
        plain_probe(NULL);
        for (size_t i = 0; i < sizeof special_labels / sizeof *special_labels; i++) puts(special_labels[i]);
        return 0;
    }
    if (argc < 3) return 64;
    operator = atol(argv[1]);
    file = argv[2];
    descriptor = open(file, O_RDONLY | O_CLOEXEC);
    stream = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0 || stream < 0) return 65;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 4) {
        int found = probe(argv[3], EPERM);
        printf("%s\t%d\t%d\n", argv[3], EPERM, found);
        return 0;
    }
    char label[128];
#define RULE(name, condition, value, error) \
    label_of(#name, #value, label, sizeof label); \
    printf("%s\t%d\t%d\n", label, error, in_child(probe, label, error));
#include "../../../Sources/generalscaler-launch/call_rules.h"
    static const struct {
        const char *label;
        int expected;
    } others[] = {
        {"newer call", ENOSYS}, {"much newer call", ENOSYS}, {"x32 call", ENOSYS}, {"i386 call", ENOSYS},
        {"operator's priority", EPERM}, {"operator's I/O priority", EPERM}, {"own priority", 0}, {"own limit", 0},
        {"own cores", 0}, {"own group", 0}, {"own child", 0}, {"thread", 0},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        printf("%s\t%d\t%d\n", others[i].label, others[i].expected, in_child(other, others[i].label, 0));
    return 0;
}
