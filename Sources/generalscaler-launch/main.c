// Confines itself, then becomes the plugin. The operator starts every plugin through it.
//
//     generalscaler-launch [OPTION VALUE]... -- PROGRAM [ARGUMENT]...
//
//     --read PATH, --write DIRECTORY    paths that the plugin may read and write (repeatable)
//     --never PATH                      paths that no plugin may read, regardless of the other options (repeatable)
//     --workspace DIRECTORY             the process's own directory in a --never directory
//     --guard-process PID               a process that is protected like the operator
//     --children none                   the plugin may start no processes
//     --address-space BYTES, --memory BYTES, --file-size BYTES, --open-files NUMBER
//
// The parent creates the session: if the launcher created it, a signal to the group could arrive too early.
#define _GNU_SOURCE
#include "launch.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mounts.h"

enum { CANNOT_CONFINE = 126, CANNOT_RUN = 127 };

/// The number of retries for a program that is open for writing, and the time between them.
enum { BUSY_PROGRAM_TRIES = 200, BUSY_PROGRAM_INTERVAL_MICROSECONDS = 10000 };

static void vsay(const char *format, va_list arguments) {
    fputs("generalscaler-launch: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsay(format, arguments);
    va_end(arguments);
    exit(CANNOT_CONFINE);
}

static rlim_t number(const char *option, const char *text) {
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value == 0) fail("%s: \"%s\" is not a number above 0", option, text);
    return (rlim_t)value;
}

/// Sets a limit that the plugin cannot raise again.
static void limit(int resource, rlim_t value, const char *what) {
    struct rlimit limits;
    if (getrlimit(resource, &limits) != 0) fail("%s: %s", what, strerror(errno));
    if (value > limits.rlim_max) value = limits.rlim_max;
    limits.rlim_cur = limits.rlim_max = value;
    if (setrlimit(resource, &limits) != 0) fail("%s: %s", what, strerror(errno));
}

/// An operator that runs as root has rights that Landlock does not restrict, such as tracing any process. With
/// no_new_privs the plugin cannot regain them, even as root.
static void drop_capabilities(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (syscall(SYS_capset, &header, none) != 0) fail("capabilities: %s", strerror(errno));
}

struct options {
    struct file_limits files;
    struct paths never;
    struct call_limits calls;
    rlim_t address_space, memory, file_size, open_files;
};

static void push(struct paths *paths, char *path) { paths->at[paths->count++] = path; }

static void read_option(struct options *options, const char *option, char *value) {
    if (value == NULL) fail("%s needs a value", option);
    if (strcmp(option, "--read") == 0) push(&options->files.readable, value);
    else if (strcmp(option, "--write") == 0) push(&options->files.writable, value);
    else if (strcmp(option, "--never") == 0) push(&options->never, value);
    else if (strcmp(option, "--workspace") == 0) options->files.workspace = value;
    else if (strcmp(option, "--guard-process") == 0) options->calls.guard = (pid_t)number(option, value);
    else if (strcmp(option, "--children") == 0 && strcmp(value, "none") == 0) options->calls.allows_children = false;
    else if (strcmp(option, "--address-space") == 0) options->address_space = number(option, value);
    else if (strcmp(option, "--memory") == 0) options->memory = number(option, value);
    else if (strcmp(option, "--file-size") == 0) options->file_size = number(option, value);
    else if (strcmp(option, "--open-files") == 0) options->open_files = number(option, value);
    else fail("unknown option %s %s", option, value);
}

/// Returns the index of the first argument after "--".
static int read_options(struct options *options, int argc, char **argv) {
    *options = (struct options){.calls.allows_children = true};
    struct paths *const lists[] = {&options->files.readable, &options->files.writable, &options->never};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        // Each list can hold all arguments.
        lists[i]->at = calloc((size_t)argc + 1, sizeof *lists[i]->at);
        if (lists[i]->at == NULL) fail("%s", strerror(errno));
    }
    int index = 1;
    for (; index < argc && strcmp(argv[index], "--") != 0; index += 2)
        read_option(options, argv[index], index + 1 < argc ? argv[index + 1] : NULL);
    if (index + 1 >= argc) fail("no program to run: put it after --");
    return index + 1;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--guard") == 0) return run_guard();
    struct options options;
    char **command = argv + read_options(&options, argc, argv);

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("no_new_privs: %s", strerror(errno));
    // The plugin cannot change a file's mode later.
    umask(S_IRWXG | S_IRWXO);
    protect(&options.never, options.files.workspace);
    confine_files(&options.files);
    confine_calls(&options.calls);
    // Last, since the steps before need memory and descriptors.
    limit(RLIMIT_CORE, 0, "core size");
    if (options.file_size > 0) limit(RLIMIT_FSIZE, options.file_size, "file size");
    if (options.open_files > 0) limit(RLIMIT_NOFILE, options.open_files, "open files");
    if (options.memory > 0) limit(RLIMIT_DATA, options.memory, "memory");
    if (options.address_space > 0) limit(RLIMIT_AS, options.address_space, "address space");
    drop_capabilities();
    // The process that wrote the program, or a child that has not called exec yet, may still have it open.
    for (int tries = 0; tries < BUSY_PROGRAM_TRIES; tries++) {
        execv(command[0], command);
        if (errno != ETXTBSY) break;
        usleep(BUSY_PROGRAM_INTERVAL_MICROSECONDS);
    }
    int error = errno;
    if (error == EACCES && clinux_is_noexec(command[0]))
        fprintf(stderr,
                "generalscaler-launch: cannot run %s: its file system is mounted noexec. Move the program, or mount the "
                "file system with exec. A plugin of plugins.images in the chart's values must not have mount: imageVolume "
                "here\n",
                command[0]);
    else fprintf(stderr, "generalscaler-launch: cannot run %s: %s\n", command[0], strerror(error));
    return CANNOT_RUN;
}
