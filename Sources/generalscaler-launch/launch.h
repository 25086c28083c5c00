#pragma once

#include <stddef.h>
#include <sys/types.h>

/// Prints the message in the manner of printf, after the program's name, and exits with status 126: the plugin cannot
/// be confined, so it is not started.
__attribute__((format(printf, 1, 2), noreturn)) void fail(const char *format, ...);

/// Lets this process and its descendants read, write and execute only what the lists and the system's own paths name.
/// Does nothing where the kernel has no Landlock. Paths that do not exist are passed over.
void confine_files(char *const *readable, size_t readable_count, char *const *writable, size_t writable_count);

/// Keeps this process and its descendants from signalling, tracing or slowing down the operator, which is its parent.
void confine_calls(void);
