#pragma once
#include <stdbool.h>

/// Creates an epoll instance. Returns its close-on-exec descriptor, or -1 with errno.
int clinux_epoll_create(void);

/// Watches a descriptor (level-triggered), or changes the watched events. Returns 0, or -1 with errno.
int clinux_epoll_watch(int epoll, int descriptor, bool readable, bool writable);

/// Ends the watch, unless closing the descriptor has already ended it.
void clinux_epoll_unwatch(int epoll, int descriptor);

struct clinux_epoll_event {
    int descriptor;
    /// Both are true after an error or a hang-up, which the next read or write reports.
    bool readable, writable;
};

/// Waits for at most `milliseconds` (negative: no limit) and returns the number of events, or -1 with errno.
int clinux_epoll_wait(int epoll, struct clinux_epoll_event *events, int capacity, int milliseconds);

/// Creates a non-blocking, close-on-exec event counter that epoll can watch. Returns -1 with errno on failure.
int clinux_eventfd(void);
