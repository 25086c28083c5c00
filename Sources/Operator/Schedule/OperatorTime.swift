package import Scaling

/// The operator's time source, which tests and simulations replace.
package struct OperatorTime: Sendable {
    /// Returns the time of day.
    package let now: @Sendable () -> Timestamp
    /// Returns the time since a fixed origin, on a clock that does not jump.
    package let elapsed: @Sendable () -> Duration
    package let sleep: @Sendable (Duration) async throws -> Void
    /// Sleeps until ``elapsed`` reaches that value.
    package let sleepUntil: @Sendable (Duration) async throws -> Void

    package init<C: Clock>(clock: C, now: @escaping @Sendable () -> Timestamp) where C.Duration == Duration {
        let origin = clock.now
        self.now = now
        elapsed = { origin.duration(to: clock.now) }
        sleep = { try await clock.sleep(for: $0) }
        sleepUntil = { try await clock.sleep(until: origin.advanced(by: $0), tolerance: nil) }
    }
}
