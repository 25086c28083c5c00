#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/// Prints the message in the manner of printf, after the program's name, and exits with status 126: the plugin cannot
/// be confined, so it is not started.
__attribute__((format(printf, 1, 2), noreturn)) void fail(const char *format, ...);

/// Paths from the command line.
struct paths {
    char **at;
    size_t count;
};

struct file_limits {
    /// What may be read and executed, and what may be written, beyond what every plugin may.
    struct paths readable, writable;
    /// The directory of this one process within a directory that is protected from all others; NULL for none.
    const char *workspace;
};

/// Lets this process and its descendants read, write and execute only what the lists and the system's own paths name.
/// Does nothing where the kernel has no Landlock. Paths that do not exist are skipped. Fails where a path is or holds
/// one that `protect` was given, or lies in one.
void confine_files(const struct file_limits *limits);

/// Remembers paths that no rule may open.
void protect(const struct paths *paths, const char *workspace);

/// Fails where the open path is or holds a protected one, or lies in one. Rules of the system's own paths (`is_own`)
/// may name what is fixed in the launcher: /proc and /dev/null.
void refuse_protected(int descriptor, const char *path, bool is_own);

struct call_limits {
    /// Whether the plugin may start processes.
    bool allows_children;
    /// A process that is protected as the operator is; 0 for none.
    pid_t guard;
};

/// Refuses this process and its descendants the system calls of call_rules.h.
void confine_calls(const struct call_limits *limits);

/// Runs as the guard (guard.c), which outlives the operator for as long as it takes to kill its plugins.
int run_guard(void);
