// Denies system calls with a seccomp filter (seccomp(2)) that is generated from the table in call_rules.h.
//
// A filter compares numbers, so it identifies the operator by its process id, the ids of its current threads, its
// process group and "everyone". Since Landlock version 6, the kernel blocks all signals out of the sandbox. In earlier
// versions, this filter does not protect threads that the operator starts later, nor other plugins.
#define _GNU_SOURCE
#include "launch.h"

#include <asm/ioctls.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "call_numbers.h"

#if defined(__x86_64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "generalscaler-launch knows the system calls of x86-64 and arm64 only"
#endif

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
enum { IOPRIO_WHO_PROCESS = 1 };

enum {
    /// The maximum number of the operator's threads when it starts a plugin.
    MAX_PROTECTED = 96,
    MAX_INSTRUCTIONS = 1024,
};

enum condition {
    ALWAYS,
    OPERATOR,
    NOT_SELF,
    NOT_SELF_ONE,
    FIRST_IS,
    SECOND_IS,
    HAS_FLAG,
    LACKS_FLAG,
    NO_CHILDREN,
};

struct rule {
    uint32_t call;
    enum condition condition;
    uint32_t value;
    int error;
};

static const struct rule rules[] = {
#define RULE(name, condition, value, error) {SYS_##name, condition, (uint32_t)(value), error},
#include "call_rules.h"
#undef RULE
};

enum { RULES = sizeof rules / sizeof *rules };

static struct sock_filter program[MAX_INSTRUCTIONS];
static size_t length;

static size_t emit(uint16_t code, uint32_t value, uint8_t if_true, uint8_t if_false) {
    if (length == MAX_INSTRUCTIONS) fail("the filter of system calls is too long");
    program[length] = (struct sock_filter){.code = code, .jt = if_true, .jf = if_false, .k = value};
    return length++;
}

static void load_number(void) { emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0); }

/// The low half of an argument, the only part that the kernel uses of the arguments in the rules. (Both architectures
/// are little-endian.)
static void load_argument(size_t index) {
    emit(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offsetof(struct seccomp_data, args) + 8 * index), 0, 0);
}

static void allow(void) { emit(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0); }

static void refuse(int error) { emit(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error, 0, 0); }

/// The next instruction runs only if the value loaded equals this one.
static void if_equal(uint32_t value) { emit(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1); }

/// The next instruction runs only if the value loaded differs.
static void if_not_equal(uint32_t value) { emit(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0); }

/// Denies the call if the loaded value is a process other than the calling one.
static void refuse_others(int error) {
    emit(BPF_JMP | BPF_JEQ | BPF_K, 0, 2, 0);
    if_not_equal((uint32_t)getpid());
    refuse(error);
}

/// The ids that signal the operator and its guard.
static size_t protected_ids(pid_t guard, uint32_t ids[MAX_PROTECTED]) {
    pid_t operator = getppid();
    size_t count = 0;
    ids[count++] = (uint32_t)operator;
    ids[count++] = (uint32_t)-1;
    pid_t group = getpgid(operator);
    if (group > 0) ids[count++] = (uint32_t)-group;
    if (guard > 0) {
        ids[count++] = (uint32_t)guard;
        ids[count++] = (uint32_t)-guard;
    }
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

/// The part of a rule after the call's number: falls through if the condition is false.
static void write_condition(const struct rule *rule) {
    switch (rule->condition) {
    case ALWAYS:
    case NO_CHILDREN:
    case OPERATOR: break;
    case NOT_SELF:
        load_argument(0);
        refuse_others(rule->error);
        return;
    case NOT_SELF_ONE:
        load_argument(0);
        if_not_equal(rule->value);
        refuse(rule->error);
        load_argument(1);
        refuse_others(rule->error);
        return;
    case FIRST_IS:
    case SECOND_IS:
        load_argument(rule->condition == SECOND_IS);
        if_equal(rule->value);
        break;
    case HAS_FLAG:
        load_argument(0);
        emit(BPF_JMP | BPF_JSET | BPF_K, rule->value, 0, 1);
        break;
    case LACKS_FLAG:
        load_argument(0);
        emit(BPF_JMP | BPF_JSET | BPF_K, rule->value, 1, 0);
        break;
    }
    refuse(rule->error);
}

static void write_head(void) {
    emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
    emit(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCHITECTURE, 1, 0);
    refuse(ENOSYS);
    load_number();
    // Also covers the x32 calls of x86-64, which have different numbers.
    emit(BPF_JMP | BPF_JGT | BPF_K, NEWEST_KNOWN_CALL, 0, 1);
    refuse(ENOSYS);
}

static void write_program(const struct call_limits *limits) {
    size_t to_operator[RULES], operator_rules = 0;
    write_head();
    for (size_t i = 0; i < RULES; i++) {
        const struct rule *rule = &rules[i];
        if (limits->allows_children && (rule->condition == LACKS_FLAG || rule->condition == NO_CHILDREN)) continue;
        size_t to_next = emit(BPF_JMP | BPF_JEQ | BPF_K, rule->call, 0, 0);
        if (rule->condition == OPERATOR) {
            to_operator[operator_rules++] = emit(BPF_JMP | BPF_JA, 0, 0, 0);
        } else {
            write_condition(rule);
            if (rule->condition != ALWAYS) load_number();
        }
        program[to_next].jf = (uint8_t)(length - to_next - 1);
    }
    allow();
    // All of these have EPERM and the condition OPERATOR.
    for (size_t i = 0; i < operator_rules; i++) program[to_operator[i]].k = (uint32_t)(length - to_operator[i] - 1);
    load_argument(0);
    uint32_t ids[MAX_PROTECTED];
    size_t count = protected_ids(limits->guard, ids);
    for (size_t i = 0; i < count; i++) {
        if_equal(ids[i]);
        refuse(EPERM);
    }
    allow();
}

void confine_calls(const struct call_limits *limits) {
    write_program(limits);
    struct sock_fprog filter = {.len = (unsigned short)length, .filter = program};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) != 0) {
        // A kernel without seccomp: Landlock and the limits still apply.
        if (errno == EINVAL) return;
        fail("seccomp: %s", strerror(errno));
    }
}
