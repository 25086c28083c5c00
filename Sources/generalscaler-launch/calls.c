// Which system calls the plugin is refused: a seccomp filter (seccomp(2)) that guards the operator.
//
// A filter sees numbers, so it refuses calls by the operator's process id, the ids of the threads that it has now, its
// process group and "everyone". The plugin's own processes have other ids and stay within reach. From Landlock version
// 6 on the kernel itself lets no signal out; before that, a thread that the operator starts later and that the plugin
// guesses the id of is what this filter leaves open, and so are other plugins.
#define _GNU_SOURCE
#include "launch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "generalscaler-launch knows the system calls of x86-64 and arm64 only"
#endif

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif

enum {
    /// Enough for the operator's threads at the time when it starts a plugin; with two instructions for each, jumps
    /// over them stay within the 255 that a filter can jump.
    MAX_PROTECTED = 96,
    MAX_INSTRUCTIONS = 512,
};

/// Refused whatever the arguments: they name other processes in a way that a filter cannot read.
static const uint32_t refused[] = {
    SYS_process_madvise,
    SYS_pidfd_send_signal,
    SYS_pidfd_getfd,
};

/// Refused where the first argument is the operator.
static const uint32_t by_first_argument[] = {
    SYS_kill,           SYS_tkill,          SYS_tgkill,         SYS_rt_sigqueueinfo,   SYS_rt_tgsigqueueinfo,
    SYS_pidfd_open,     SYS_sched_setparam, SYS_sched_setattr,  SYS_sched_setscheduler, SYS_sched_setaffinity,
    SYS_migrate_pages,  SYS_move_pages,     SYS_process_vm_readv, SYS_process_vm_writev,
};

/// Refused where the second argument is the operator.
static const uint32_t by_second_argument[] = {SYS_setpriority, SYS_ioprio_set, SYS_ptrace};

/// Commands of fcntl that choose who gets a signal when a descriptor is ready.
static const uint32_t owner_commands[] = {F_SETOWN, F_SETOWN_EX};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct sock_filter program[MAX_INSTRUCTIONS];
static size_t length;

static size_t emit(uint16_t code, uint32_t value, uint8_t if_true, uint8_t if_false) {
    if (length == MAX_INSTRUCTIONS) fail("the filter of system calls is too long");
    program[length] = (struct sock_filter){.code = code, .jt = if_true, .jf = if_false, .k = value};
    return length++;
}

static void load(size_t offset) { emit(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0); }

static void load_argument(int index) {
    // The low half, which is all the kernel takes of a process id. (Both architectures are little-endian.)
    load(offsetof(struct seccomp_data, args) + 8 * (size_t)index);
}

/// The next instruction runs only where the value loaded equals this one.
static void if_equal(uint32_t value) { emit(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1); }

static void answer(uint32_t action) { emit(BPF_RET | BPF_K, action, 0, 0); }

static void refuse(int error) { answer(SECCOMP_RET_ERRNO | (uint32_t)error); }

static size_t jump(void) { return emit(BPF_JMP | BPF_JA, 0, 0, 0); }

static void land(size_t jump) { program[jump].k = (uint32_t)(length - jump - 1); }

/// The ids under which the operator can be signalled.
static size_t protected_ids(uint32_t ids[MAX_PROTECTED]) {
    pid_t operator = getppid();
    size_t count = 0;
    ids[count++] = (uint32_t)operator;
    ids[count++] = (uint32_t)-1;
    pid_t group = getpgid(operator);
    if (group > 0) ids[count++] = (uint32_t)-group;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", operator);
    DIR *threads = opendir(path);
    if (threads == NULL) return count;
    for (struct dirent *entry; count < MAX_PROTECTED && (entry = readdir(threads)) != NULL;) {
        uint32_t thread = (uint32_t)strtoul(entry->d_name, NULL, 10);
        if (thread != 0 && thread != (uint32_t)operator) ids[count++] = thread;
    }
    closedir(threads);
    return count;
}

static void write_program(void) {
    load(offsetof(struct seccomp_data, arch));
    emit(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCHITECTURE, 1, 0);
    refuse(ENOSYS);
    load(offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
    // The x32 calls, which have other numbers for the same.
    emit(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1);
    refuse(ENOSYS);
#endif
    for (size_t i = 0; i < COUNT(refused); i++) {
        if_equal(refused[i]);
        refuse(EPERM);
    }
    size_t to_first[COUNT(by_first_argument)], to_second[COUNT(by_second_argument)];
    for (size_t i = 0; i < COUNT(by_first_argument); i++) {
        if_equal(by_first_argument[i]);
        to_first[i] = jump();
    }
    for (size_t i = 0; i < COUNT(by_second_argument); i++) {
        if_equal(by_second_argument[i]);
        to_second[i] = jump();
    }
    if_equal(SYS_fcntl);
    size_t to_fcntl = jump();
    if_equal(SYS_prlimit64);
    size_t to_limits = jump();
    answer(SECCOMP_RET_ALLOW);

    land(to_fcntl);
    load_argument(1);
    for (size_t i = 0; i < COUNT(owner_commands); i++) {
        if_equal(owner_commands[i]);
        refuse(EPERM);
    }
    answer(SECCOMP_RET_ALLOW);

    // Its own limits only: a process can be killed through its limit of processor time.
    land(to_limits);
    load_argument(0);
    if_equal(0);
    answer(SECCOMP_RET_ALLOW);
    if_equal((uint32_t)getpid());
    answer(SECCOMP_RET_ALLOW);
    refuse(EPERM);

    for (size_t i = 0; i < COUNT(by_first_argument); i++) land(to_first[i]);
    load_argument(0);
    size_t to_ids = jump();
    for (size_t i = 0; i < COUNT(by_second_argument); i++) land(to_second[i]);
    load_argument(1);
    land(to_ids);
    uint32_t ids[MAX_PROTECTED];
    size_t count = protected_ids(ids);
    for (size_t i = 0; i < count; i++) {
        if_equal(ids[i]);
        refuse(EPERM);
    }
    answer(SECCOMP_RET_ALLOW);
}

void confine_calls(void) {
    write_program();
    struct sock_fprog filter = {.len = (unsigned short)length, .filter = program};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) != 0) {
        // A kernel without seccomp: Landlock and the limits still apply.
        if (errno == EINVAL) return;
        fail("seccomp: %s", strerror(errno));
    }
}
