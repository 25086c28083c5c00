/// Every bound of the plugin.
enum PrometheusLimits {
    static let maxInFlight = 32
    /// Of an answer, after content decoding.
    static let maxBodyBytes = 8 << 20
    /// Of an answer that is not JSON, how much a message quotes.
    static let maxQuotedBytes = 200
    /// Of the server's own words, how much a message repeats.
    static let maxMessageCharacters = 500
    /// Of the server's warnings, how many a reading's detail repeats.
    static let maxWarnings = 3
    /// Of a token, certificate or key file.
    static let maxFileBytes = 1 << 20
    /// Kept back from the call's deadline, so that the message of the failure still arrives.
    static let deadlineReserve: Duration = .milliseconds(100)
}
