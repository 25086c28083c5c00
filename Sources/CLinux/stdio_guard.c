// The module's headers do not include system headers: Swift would attribute their types to this module.
#define _GNU_SOURCE
#include "stdio_guard.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>

#ifndef POLLRDHUP
#define POLLRDHUP 0
#endif

void stdio_guard_buffer_stdout_by_line(void) { setvbuf(stdout, NULL, _IOLBF, 0); }

void stdio_guard_wait_for_hang_up(int descriptor) {
    struct pollfd entry = {.fd = descriptor, .events = POLLRDHUP, .revents = 0};
    while (poll(&entry, 1, -1) < 0 && errno == EINTR) {
    }
}
