/// The time since some start, on an injected clock.
///
/// Closures rather than an `any Clock`, whose instants cannot be stored or compared.
struct HostClock: Sendable {
    let now: @Sendable () -> Duration
    /// Returns at that time, or throws if the task is cancelled.
    let sleep: @Sendable (_ until: Duration) async throws -> Void

    init(_ clock: any Clock<Duration>) {
        // A special case, because each call reads the default clock several times.
        if let clock = clock as? ContinuousClock {
            self.init(specific: clock)
        } else {
            self.init(specific: clock)
        }
    }

    private init<C: Clock>(specific clock: C) where C.Duration == Duration {
        let start = clock.now
        now = { start.duration(to: clock.now) }
        sleep = { try await clock.sleep(until: start.advanced(by: $0), tolerance: nil) }
    }
}
