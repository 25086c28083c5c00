import PluginHost

/// The limits of a soak test, and the durations of its phases.
enum SoakLimits {
    static let scalers = 1_000

    // MARK: Times

    /// The time in which caches fill and the allocator reaches its size; longer runs are evaluated afterwards.
    static let warmUp: Duration = .seconds(600)
    /// The minimum duration for a verdict on growth: a fraction of a MiB within minutes is noise.
    static let leastMinutesForVerdict = 15.0
    static let sampleMilliseconds = 5_000...5_000
    /// The interval between two checks of events and due actions.
    static let stepMilliseconds = 250
    /// In a quiet phase, the time from the last write to the count of descriptors. The operator's HTTP client closes a
    /// connection that has been idle for a minute when it next opens or picks one, for example for its lease.
    static let settling: Duration = .seconds(80)
    /// The number of counts of descriptors, one sample apart. The minimum of each kind is used, because a call may be
    /// in progress.
    static let quietSamples = 4
    /// The maximum number of samples for the fit, which compares all pairs; further samples are thinned out.
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
    /// The limit of anonymous memory of one plugin process. Plugins are killed and restarted, so that a slope over
    /// several processes is meaningless.
    static let pluginMiB = 32.0
    /// The limit from the end of faults until every scaler has been polled.
    static let pollSeconds = Double(2 * ScaleEnvironment.pollSeconds)
    /// The limit until every scaler has followed a value that requires at most eight times the replicas: steps at most
    /// double them, with a cooldown of 15 s, each detected by the next poll.
    static let followSeconds = Double(8 * ScaleEnvironment.pollSeconds)
    /// The allowed difference of sockets between the two quiet phases. A watch that the server ends opens its next
    /// connection before the last one is closed, and the lease's calls may or may not share a connection; a leak over
    /// minutes of faults would be larger.
    static let sockets = 3
}
