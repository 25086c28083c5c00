import WireFormats

/// Every bound of the plugin.
enum HTTPSourceLimits {
    static let maxInFlight = 32
    /// Of an answer, after content decoding.
    static let maxBodyBytes = 8 << 20
    /// A larger document takes more memory than a reading is worth.
    static let document = JSONLimits(bytes: maxBodyBytes, nodes: 1 << 17)
    /// Of a body to send, with its times filled in.
    static let maxRequestBytes = 64 << 10
    /// Samples that a selector may match.
    static let maxSamples = 100_000
    /// Labels of one sample.
    static let maxLabels = 128
    /// Characters of a selector.
    static let maxSelector = 4_096
    /// For an access token of OAuth 2.
    static let tokenTimeout: Duration = .seconds(10)
    static let maxTokenBodyBytes = 256 << 10
    /// The life of an access token whose server does not tell it.
    static let defaultTokenSeconds = 300
    static let maxTokenSeconds = 86_400
}
