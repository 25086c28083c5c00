// Confines itself, then becomes the plugin. The operator starts every plugin through it.
//
//     generalscaler-launch [--read PATH]... [--write DIRECTORY]... [--address-space BYTES] [--memory BYTES]
//         [--open-files NUMBER] -- PROGRAM [ARGUMENT]...
//
// The session is made by whoever starts it: made here, a signal to the group could come too early.
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
#include <sys/syscall.h>
#include <unistd.h>

enum { CANNOT_CONFINE = 126, CANNOT_RUN = 127 };

/// How often a program that somebody has open for writing is tried again, and the time between.
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
    if (errno != 0 || end == text || *end != '\0' || value == 0) fail("%s: \"%s\" is no number above 0", option, text);
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

/// An operator that runs as root has rights that Landlock does not take away, such as to look into any process. Without
/// new privileges the plugin cannot get them back, not even by being root.
static void drop_capabilities(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (syscall(SYS_capset, &header, none) != 0) fail("capabilities: %s", strerror(errno));
}

int main(int argc, char **argv) {
    // Each list has room for all arguments.
    char **readable = calloc((size_t)argc + 1, sizeof *readable);
    char **writable = calloc((size_t)argc + 1, sizeof *writable);
    if (readable == NULL || writable == NULL) fail("%s", strerror(errno));
    size_t readable_count = 0, writable_count = 0;
    rlim_t address_space = 0, memory = 0, open_files = 0;
    int index = 1;
    for (; index < argc && strcmp(argv[index], "--") != 0; index += 2) {
        const char *option = argv[index];
        char *value = index + 1 < argc ? argv[index + 1] : NULL;
        if (value == NULL) fail("%s needs a value", option);
        if (strcmp(option, "--read") == 0) readable[readable_count++] = value;
        else if (strcmp(option, "--write") == 0) writable[writable_count++] = value;
        else if (strcmp(option, "--address-space") == 0) address_space = number(option, value);
        else if (strcmp(option, "--memory") == 0) memory = number(option, value);
        else if (strcmp(option, "--open-files") == 0) open_files = number(option, value);
        else fail("unknown option %s", option);
    }
    char **command = argv + index + 1;
    if (index + 1 >= argc) fail("no program to run: put it after --");

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("no_new_privs: %s", strerror(errno));
    confine_files(readable, readable_count, writable, writable_count);
    confine_calls();
    // Last: what comes before needs memory and descriptors of its own.
    limit(RLIMIT_CORE, 0, "core size");
    if (open_files > 0) limit(RLIMIT_NOFILE, open_files, "open files");
    if (memory > 0) limit(RLIMIT_DATA, memory, "memory");
    if (address_space > 0) limit(RLIMIT_AS, address_space, "address space");
    drop_capabilities();
    // Whoever has just written the program, or a child of theirs that is about to run another, may still have it open.
    for (int tries = 0; tries < BUSY_PROGRAM_TRIES; tries++) {
        execv(command[0], command);
        if (errno != ETXTBSY) break;
        usleep(BUSY_PROGRAM_INTERVAL_MICROSECONDS);
    }
    fprintf(stderr, "generalscaler-launch: cannot run %s: %s\n", command[0], strerror(errno));
    return CANNOT_RUN;
}
