extension Clock where Duration == Swift.Duration {
    /// Returns what the returned closure says is the time since this call.
    func stopwatch() -> @Sendable () -> Duration {
        let start = now
        return { start.duration(to: now) }
    }
}
