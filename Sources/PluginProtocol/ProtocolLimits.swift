/// The numbers of the plugin protocol, each in one place.
public enum ProtocolLimits {
    /// Protocol versions this code speaks, best first.
    public static let versions = [1]
    /// Longest line a host sends, its newline not counted, unless the handshake raises it.
    public static let maxRequestBytes = 60 << 10
    /// Longest line a plugin sends, its newline not counted.
    public static let maxResponseBytes = 1 << 20
    /// Values that one line may have: a line that is mostly brackets takes a hundred times its bytes in memory.
    public static let maxMessageValues = 1 << 16
    /// How long a plugin has to exit after its stdin ended.
    public static let exitGrace: Duration = .seconds(2)
    /// Points that one `get_metric_range` may ask for, so that its answer fits ``maxResponseBytes``.
    public static let maxRangePoints = 10_000
    /// Readings that a plugin pushes for one subscription are at least this far apart.
    public static let pushSpacing: Duration = .milliseconds(50)
    /// Readings that a plugin pushes in one second, of all its subscriptions together.
    public static let maxPushesPerSecond = 2_000
    /// How far a source's clock may be ahead of the host's. A reading from further in the future is no data.
    public static let maxClockSkew: Duration = .seconds(60)
    /// How old a value may be and still count, where neither its metric type nor the scaler says so.
    public static let defaultMaxAge: Duration = .seconds(60)
    /// Calls a host has in flight with a plugin that does not advertise `maxInFlight`.
    public static let defaultMaxInFlight = 1
    /// Bytes of a metric type's name. Of a plugin's name and version the host shows as many characters.
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
    /// Plugin to host.
    case log
    /// Plugin to host.
    case reading
    /// Plugin to host.
    case subscriptionEnded = "subscription_ended"
}
