import NIOCore

/// The limits of the operator's API.
enum APILimits {
    static let connections = ConnectionLimits(
        connections: 64,
        // Event streams. The oldest one ends when a further one begins, and its reader connects again.
        largeResponses: 16,
        idleTime: .seconds(60),
        exchangeTime: .minutes(10),
        headerBytes: 16 << 10)
    /// Answers that are built at one time.
    static let answersAtOnce = 1
    /// The time after which an event stream ends, before its connection is closed. Its reader continues where it ended.
    static let streamTime: Duration = .seconds(9 * 60)
    /// How often an event stream has news.
    static let streamInterval: Duration = .milliseconds(200)
    /// The time after which an event stream without news shows that it is alive.
    static let streamSilence: Duration = .seconds(15)
    /// The time for a reader to take an event. A slower one is disconnected.
    static let streamWriteTime: TimeAmount = .seconds(10)
    /// Decisions in one answer, or in one event.
    static let decisions = 1_000
    /// Decisions in the answer about one scaler.
    static let decisionsOfScaler = 500
    static let tokenBytes = 16...1_024
}
