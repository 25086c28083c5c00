/// The limits of the plugin protocol.
public enum ProtocolLimits {
    /// The supported protocol versions, most preferred first.
    public static let versions = [1]
    /// The longest line that a host sends, without its newline, unless the handshake raises it.
    public static let maxRequestBytes = 60 << 10
    /// The longest line that a plugin sends, without its newline.
    public static let maxResponseBytes = 1 << 20
    /// The number of JSON values in one line: a line that consists mostly of brackets takes a hundred times its size in
    /// memory.
    public static let maxMessageValues = 1 << 16
    /// How long a plugin may take to exit after the end of its stdin.
    public static let exitGrace: Duration = .seconds(2)
    /// The points of one `get_metric_range`, so that its answer fits ``maxResponseBytes``.
    public static let maxRangePoints = 10_000
    /// The minimum time between two pushed readings of one subscription.
    public static let pushSpacing: Duration = .milliseconds(50)
    /// The pushed readings of a plugin per second, for all its subscriptions together.
    public static let maxPushesPerSecond = 2_000
    /// How far a source's clock may be ahead of the host's. A reading from further in the future counts as no data.
    public static let maxClockSkew: Duration = .seconds(60)
    /// How old a value may be and still count, where neither its metric type nor the scaler says so.
    public static let defaultMaxAge: Duration = .seconds(60)
    /// Calls a host has in flight with a plugin that does not advertise `maxInFlight`.
    public static let defaultMaxInFlight = 1
    /// The bytes of a metric type's name, and the characters of a plugin's name and version that the host shows.
    public static let maxNameBytes = 253
}

/// The methods and notifications of the protocol.
public enum ProtocolMethod: String, Sendable, CaseIterable {
    case initialize
    case validateConfig = "validate_config"
    case getMetricValue = "get_metric_value"
    case getMetricValues = "get_metric_values"
    case getMetricRange = "get_metric_range"
    case subscribe
    case unsubscribe
    case cancel
    case shutdown
    /// A notification from the plugin.
    case log
    /// A notification from the plugin.
    case reading
    /// A notification from the plugin.
    case subscriptionEnded = "subscription_ended"
}
