// The module's headers do not include system headers: Swift would attribute their types to this module.
#include "epoll.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

enum { MAX_EVENTS = 64 };

int clinux_epoll_create(void) {
    return epoll_create1(EPOLL_CLOEXEC);
}

int clinux_epoll_watch(int epoll, int descriptor, bool readable, bool writable) {
    struct epoll_event event = {.events = (readable ? EPOLLIN : 0) | (writable ? EPOLLOUT : 0)};
    event.data.fd = descriptor;
    // Closing a descriptor ends its watch silently, and the number may be reused: try both operations.
    if (epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event) == 0) return 0;
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

void clinux_epoll_unwatch(int epoll, int descriptor) {
    struct epoll_event event = {0};
    epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, &event);
}

int clinux_epoll_wait(int epoll, struct clinux_epoll_event *events, int capacity, int milliseconds) {
    struct epoll_event ready[MAX_EVENTS];
    int count = epoll_wait(epoll, ready, capacity < MAX_EVENTS ? capacity : MAX_EVENTS, milliseconds);
    for (int i = 0; i < count; i++) {
        bool failed = ready[i].events & (EPOLLERR | EPOLLHUP);
        events[i] = (struct clinux_epoll_event){
            .descriptor = ready[i].data.fd,
            .readable = failed || (ready[i].events & EPOLLIN),
            .writable = failed || (ready[i].events & EPOLLOUT),
        };
    }
    return count;
}

int clinux_eventfd(void) {
    return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}
