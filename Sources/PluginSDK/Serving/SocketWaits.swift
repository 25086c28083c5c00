#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Waits until sockets are ready, for plugins whose library works on non-blocking sockets.
package protocol SocketWaits: Sendable {
    /// Waits until the socket is ready for one of the events of `poll`, such as `POLLIN`. The socket must stay open.
    ///
    /// - Returns: what it is ready for; nil if the limit has passed or the task was cancelled.
    func readiness(of socket: Int32, for events: Int16, until limit: ContinuousClock.Instant) async -> Int16?
}

/// Checks sockets again and again, for a request that no serve loop runs.
struct PeriodicWaits: SocketWaits {
    private static let interval: Duration = .milliseconds(1)

    func readiness(of socket: Int32, for events: Int16, until limit: ContinuousClock.Instant) async -> Int16? {
        var entries = [pollfd(fd: socket, events: events, revents: 0)]
        while !Task.isCancelled, limit > .now {
            Descriptor.wait(for: &entries, timeout: .zero)
            if entries[0].revents != 0 { return entries[0].revents }
            try? await Task.sleep(for: Self.interval)
        }
        return nil
    }
}

/// The waits of the calls that a serve loop runs.
struct WaitList {
    typealias Token = Int

    struct Wait {
        let token: Token
        let entry: pollfd
        let limit: ContinuousClock.Instant
        let continuation: CheckedContinuation<Int16?, Never>
    }

    /// At most one for each call in flight.
    private(set) var waits: [Wait] = []
    private var lastToken = 0

    var isEmpty: Bool { waits.isEmpty }

    mutating func newToken() -> Token {
        lastToken += 1
        return lastToken
    }

    mutating func add(_ wait: Wait) { waits.append(wait) }

    mutating func remove(_ token: Token) -> Wait? {
        waits.firstIndex { $0.token == token }.map { waits.remove(at: $0) }
    }

    var earliestLimit: ContinuousClock.Instant? { waits.lazy.map(\.limit).min() }
}
