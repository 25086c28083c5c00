#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/// Prints a printf-style message with the program's name, and exits with status 126: a plugin that cannot be confined
/// is not started.
__attribute__((format(printf, 1, 2), noreturn)) void fail(const char *format, ...);

/// Paths from the command line.
struct paths {
    char **at;
    size_t count;
};

struct file_limits {
    /// Paths that may be read and executed, and paths that may be written, in addition to those of every plugin.
    struct paths readable, writable;
    /// The directory of this process in a directory that is otherwise protected; NULL for none.
    const char *workspace;
};

/// Restricts this process and its descendants to the paths in the lists and the system's paths. Does nothing if the
/// kernel has no Landlock. Skips paths that do not exist. Fails if a path is a protected path (`protect`), contains
/// one, or is in one.
void confine_files(const struct file_limits *limits);

/// Adds paths that no rule may open.
void protect(const struct paths *paths, const char *workspace);

/// Fails if the open path is a protected path, contains one, or is in one. Rules of the system's paths (`is_own`) may
/// name the fixed paths of the launcher: /proc and /dev/null.
void refuse_protected(int descriptor, const char *path, bool is_own);

struct call_limits {
    /// Whether the plugin may start processes.
    bool allows_children;
    /// A process that is protected like the operator; 0 for none.
    pid_t guard;
};

/// Denies the system calls of call_rules.h to this process and its descendants.
void confine_calls(const struct call_limits *limits);

/// Runs as the guard (guard.c), which survives the operator until it has killed the plugins.
int run_guard(void);
