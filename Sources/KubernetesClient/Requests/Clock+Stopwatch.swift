extension Clock where Duration == Swift.Duration {
    /// What the returned closure says is the time since this call.
    func stopwatch() -> @Sendable () -> Duration {
        let start = now
        return { start.duration(to: now) }
    }
}
