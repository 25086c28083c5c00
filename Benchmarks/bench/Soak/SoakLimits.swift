import PluginHost

/// What a soak is held to, and how long its parts last.
enum SoakLimits {
    static let scalers = 1_000

    // MARK: Times

    /// Caches fill and the allocator finds its size; longer runs are judged by what comes after.
    static let warmUp: Duration = .seconds(600)
    /// Of shorter runs the growth is told, not judged: a fraction of a MiB within minutes is noise.
    static let leastMinutesForVerdict = 15.0
    static let sampleMilliseconds = 5_000...5_000
    /// Between looks at what happened, and at what is due.
    static let stepMilliseconds = 250
    /// In a quiet period, from the last write until descriptors are counted: the operator's HTTP client closes a
    /// connection that was idle for a minute when it next opens or picks one, as it does for its lease.
    static let settling: Duration = .seconds(80)
    /// Descriptors are counted that often, one sample apart, and the least of each kind counts: a call may be
    /// under way.
    static let quietSamples = 4
    /// Of more samples every second, every third and so on is fitted: the fit looks at all pairs.
    static let fittedSamples = 2_000
    static let patience: Duration = .seconds(300)

    // MARK: What troubles the operator: how long until the next one, in milliseconds

    static let killGap = 20_000...80_000
    static let faultGap = 2_000...8_000
    static let editGap = 500...1_500
    static let replacementGap = 1_000...3_000
    static let forgottenEventsGap = 600_000...600_000

    // MARK: Limits

    static let growthMiBPerHour = 1.0
    /// Of one plugin's process, anonymous. They are killed and restarted: a slope over several of them is meaningless.
    static let pluginMiB = 32.0
    /// After faults end, until every scaler has been polled.
    static let pollSeconds = Double(2 * ScaleEnvironment.pollSeconds)
    /// Until every scaler has followed a value that asks for at most eight times the replicas: steps at most double
    /// them, one cooldown (15 s) apart, each seen by the next poll.
    static let followSeconds = Double(8 * ScaleEnvironment.pollSeconds)
    /// Sockets by which two quiet periods may differ. A watch that is ended by the server has its next connection before
    /// the last one is closed, and which of the lease's calls shares a connection with what is luck; each leak of a chaos
    /// of minutes would be more.
    static let sockets = 3
}
