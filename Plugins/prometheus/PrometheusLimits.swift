import WireFormats

/// Every bound of the plugin.
enum PrometheusLimits {
    static let maxInFlight = 32
    /// An error answer, and of any other each member but the result.
    static let frame = JSONLimits(bytes: 64 << 10, nodes: 1_024, depth: 16)
    /// A time and a value.
    static let sample = JSONLimits(bytes: 1 << 10, nodes: 8, depth: 4)
    /// Samples of one answer, 16 bytes each.
    static let maxSamples = 500_000
    static let maxMemberName = 64
    /// Of an answer, after content decoding.
    static let maxBodyBytes = 8 << 20
    /// Of the server's warnings, how many a reading's detail repeats.
    static let maxWarnings = 3
}
