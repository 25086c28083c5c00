/// Every bound of the plugin.
enum PrometheusLimits {
    static let maxInFlight = 32
    /// Of an answer, after content decoding.
    static let maxBodyBytes = 8 << 20
    /// Of the server's warnings, how many a reading's detail repeats.
    static let maxWarnings = 3
}
