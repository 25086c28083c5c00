import Glibc

/// The time source of a process, which tests and simulations replace.
///
/// Closures rather than an `any Clock`, whose instants cannot be stored or compared.
package struct TimeSource: Sendable {
    /// Returns the time of day in microseconds since 1970-01-01T00:00:00Z. It can jump.
    package let wallMicroseconds: @Sendable () -> Int64
    /// Returns the time since a fixed origin, on a clock that does not jump.
    package let elapsed: @Sendable () -> Duration
    /// Sleeps for that long, or throws if the task is cancelled.
    package let sleep: @Sendable (Duration) async throws -> Void
    /// Sleeps until ``elapsed`` reaches that value, or throws if the task is cancelled.
    package let sleepUntil: @Sendable (Duration) async throws -> Void

    package init<C: Clock>(clock: C, wallMicroseconds: @escaping @Sendable () -> Int64) where C.Duration == Duration {
        let origin = clock.now
        self.wallMicroseconds = wallMicroseconds
        elapsed = { origin.duration(to: clock.now) }
        sleep = { try await clock.sleep(for: $0) }
        sleepUntil = { try await clock.sleep(until: origin.advanced(by: $0), tolerance: nil) }
    }

    /// The system clocks.
    package static let system = TimeSource(clock: ContinuousClock()) {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000
    }

    /// Returns a closure that returns the time since this call.
    package func stopwatch() -> @Sendable () -> Duration {
        let start = elapsed()
        return { [elapsed] in elapsed() - start }
    }
}
