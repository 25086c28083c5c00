import WireFormats

/// The limits of the plugin.
enum PrometheusLimits {
    static let maxInFlight = 32
    /// The limits of an error response, and of each member of other responses except the result.
    static let frame = JSONLimits(bytes: 64 << 10, nodes: 1_024, depth: 16)
    /// The limits of a sample: a time and a value.
    static let sample = JSONLimits(bytes: 1 << 10, nodes: 8, depth: 4)
    /// The maximum samples of one response, 16 bytes each.
    static let maxSamples = 500_000
    static let maxMemberName = 64
    /// The maximum size of a response after content decoding.
    static let maxBodyBytes = 8 << 20
    /// The maximum number of the server's warnings in a reading's detail.
    static let maxWarnings = 3
}
