#pragma once
#include <stdbool.h>

/// A descriptor of an epoll instance, closed on exec, or -1 and errno.
int clinux_epoll_create(void);

/// Watches a descriptor (level-triggered), or changes what it is watched for. 0, or -1 and errno.
int clinux_epoll_watch(int epoll, int descriptor, bool readable, bool writable);

/// Ends the watch, if the descriptor's closing has not done so already.
void clinux_epoll_unwatch(int epoll, int descriptor);

struct clinux_epoll_event {
    int descriptor;
    /// Both are true after an error or a hang-up: reading or writing will tell.
    bool readable, writable;
};

/// Waits for at most `milliseconds` (below zero: no limit) and returns the number of events, or -1 and errno.
int clinux_epoll_wait(int epoll, struct clinux_epoll_event *events, int capacity, int milliseconds);

/// A non-blocking event counter that epoll can watch, closed on exec, or -1 and errno.
int clinux_eventfd(void);
