import CLinux
import Glibc

/// A descriptor that any thread can make readable.
package final class WakeUp: Sendable {
    let descriptor: Int32

    package init() {
        descriptor = clinux_eventfd()
        precondition(descriptor >= 0, "eventfd failed (errno \(errno)); raise the limit of open files")
    }

    deinit { close(descriptor) }

    package func signal() {
        var one: UInt64 = 1
        // Fails only if the counter is full; the descriptor is readable then anyway.
        _ = write(descriptor, &one, 8)
    }

    package func clear() {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
    }
}

/// A thin wrapper of level-triggered epoll. Used by one thread.
struct Poller: ~Copyable {
    private let epoll: Int32

    init() {
        epoll = clinux_epoll_create()
        precondition(epoll >= 0, "epoll_create1 failed (errno \(errno)); raise the limit of open files")
    }

    deinit { close(epoll) }

    /// Starts watching a descriptor, or changes the watched events.
    func watch(_ descriptor: Int32, readable: Bool, writable: Bool) {
        let result = clinux_epoll_watch(epoll, descriptor, readable, writable)
        precondition(result == 0, "epoll_ctl failed (errno \(errno))")
    }

    func unwatch(_ descriptor: Int32) {
        clinux_epoll_unwatch(epoll, descriptor)
    }

    /// Waits for events, at most for `timeout` (nil: no limit), and calls `body` with each.
    func wait(timeout: Duration?, _ body: (clinux_epoll_event) -> Void) {
        withUnsafeTemporaryAllocation(of: clinux_epoll_event.self, capacity: HTTPLimits.eventsPerPoll) { events in
            let milliseconds = timeout?.roundedUpMilliseconds ?? -1
            let count = clinux_epoll_wait(epoll, events.baseAddress, Int32(events.count), milliseconds)
            precondition(count >= 0 || errno == EINTR, "epoll_wait failed (errno \(errno))")
            for index in 0..<max(0, Int(count)) {
                body(events[index])
            }
        }
    }
}

extension Duration {
    /// The milliseconds rounded up, so that a timer never fires early, and clamped to what `epoll_wait` accepts.
    var roundedUpMilliseconds: Int32 {
        Int32(min(max(0, (self / .milliseconds(1)).rounded(.up)), Double(Int32.max)))
    }
}
