// The files that the plugin can access: a Landlock allow-list (landlock(7)). The network is not restricted.
#define _GNU_SOURCE
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// The kernel's interface, which the headers of Debian 12 declare only in part.
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif
enum { CREATE_RULESET_VERSION = 1, RULE_PATH_BENEATH = 1, SCOPE_SIGNAL = 1 << 1 };

struct ruleset_attributes {
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
    uint64_t scoped;
};

struct path_beneath_attributes {
    uint64_t allowed_access;
    int32_t parent_fd;
} __attribute__((packed));

enum {
    EXECUTE = 1 << 0,
    WRITE_FILE = 1 << 1,
    READ_FILE = 1 << 2,
    READ_DIR = 1 << 3,
    MAKE_CHAR = 1 << 6,
    MAKE_BLOCK = 1 << 11,
    TRUNCATE = 1 << 14,
    IOCTL_DEV = 1 << 15,
    ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV,
    READING = EXECUTE | READ_FILE | READ_DIR,
};

/// All rights that this version of Landlock can deny.
static uint64_t all_rights(int version) {
    uint64_t rights = (1 << 13) - 1;
    if (version >= 2) rights |= 1 << 13;  // REFER
    if (version >= 3) rights |= TRUNCATE;
    if (version >= 5) rights |= IOCTL_DEV;
    return rights;
}

/// Programs and their libraries; the files in /etc for name resolution, certificates and the dynamic linker; the files
/// that runtimes read about the system and themselves. /proc cannot be restricted to the plugin's process: libdispatch
/// reads /proc/THREAD/stat of its threads, whose ids are unknown in advance, and crashes if it cannot. The kernel
/// denies private files of a process (environ, mem, fd) to processes that cannot trace it, and no process in this
/// sandbox can trace others.
static const char *const system_paths[] = {
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/opt",
    "/proc",
    "/sys/devices/system/cpu",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/protocols",
    "/etc/localtime",
    "/etc/ld.so.cache",
    "/etc/ssl/certs",
    "/etc/ssl/cert.pem",
    "/etc/ssl/openssl.cnf",
    "/etc/ca-certificates",
    "/etc/pki/tls",
    "/etc/pki/ca-trust",
    // The target, if the path is a link.
    "/etc/resolv.conf",
};

static void allow(int ruleset, const char *path, uint64_t rights, bool is_own) {
    struct path_beneath_attributes rule = {.allowed_access = rights, .parent_fd = open(path, O_PATH | O_CLOEXEC)};
    if (rule.parent_fd < 0) {
        if (errno == ENOENT || errno == ENOTDIR || errno == EACCES) return;
        fail("%s: %s", path, strerror(errno));
    }
    refuse_protected(rule.parent_fd, path, is_own);
    // Without Landlock there is nothing to open, but an invalid configuration is still refused.
    if (ruleset < 0) {
        close(rule.parent_fd);
        return;
    }
    struct stat status;
    if (fstat(rule.parent_fd, &status) != 0) fail("%s: %s", path, strerror(errno));
    if (!S_ISDIR(status.st_mode)) rule.allowed_access &= ON_FILES;
    if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) != 0)
        fail("cannot allow %s: %s", path, strerror(errno));
    close(rule.parent_fd);
}

/// -1 if the kernel has no Landlock, or has it disabled: the operator logs this once, for all plugins.
static int make_ruleset(int version) {
    if (version < 1) return -1;
    struct ruleset_attributes attributes = {
        .handled_access_fs = all_rights(version),
        // Signals to processes outside this sandbox are denied.
        .scoped = version >= 6 ? SCOPE_SIGNAL : 0,
    };
    size_t size = version >= 6 ? sizeof attributes : offsetof(struct ruleset_attributes, handled_access_net);
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
    if (ruleset < 0) fail("Landlock: %s", strerror(errno));
    return ruleset;
}

void confine_files(const struct file_limits *limits) {
    int version = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
    int ruleset = make_ruleset(version);
    uint64_t all = all_rights(version);
    for (size_t i = 0; i < sizeof system_paths / sizeof *system_paths; i++)
        allow(ruleset, system_paths[i], READING, true);
    allow(ruleset, "/dev/null", READ_FILE | WRITE_FILE | (all & TRUNCATE), true);
    for (size_t i = 0; i < limits->readable.count; i++) allow(ruleset, limits->readable.at[i], READING, false);
    for (size_t i = 0; i < limits->writable.count; i++)
        allow(ruleset, limits->writable.at[i], all & ~(uint64_t)(EXECUTE | MAKE_CHAR | MAKE_BLOCK | IOCTL_DEV), false);
    if (ruleset < 0) return;
    if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) fail("Landlock: %s", strerror(errno));
    close(ruleset);
}
