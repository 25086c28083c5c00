/// Every bound of the plugin.
enum KedaLimits {
    /// Calls at one time. Each has at most two requests, so that a server that allows 100 streams takes them all.
    static let maxInFlight = 48
    /// Channels to servers: one for requests and one for streams of each address and identity.
    static let maxChannels = 128
    /// A connection without requests for this time is closed.
    static let maxIdleTime: Duration = .seconds(180)
    /// The pause between two attempts to connect, which doubles, and its random share.
    static let minBackoff: Duration = .milliseconds(500)
    static let maxBackoff: Duration = .seconds(5)
    static let backoffJitter = 0.2
    /// How long sent bytes may be unconfirmed before the connection counts as lost.
    static let unconfirmedTime: Duration = .seconds(20)
    /// The silence of a connection after which the system checks whether the server is still there, the pause between two
    /// checks, and how many may fail.
    static let silence: Duration = .seconds(30)
    static let probePause: Duration = .seconds(10)
    static let maxLostProbes = 3
    /// Bytes of one message, in both directions.
    static let maxMessageBytes = 256 << 10
    /// Bytes that a server may send before the plugin has read them, for one request and for all of a connection.
    static let maxUnreadBytes = 512 << 10
    /// Metrics of one scaler.
    static let maxMetrics = 16
    /// Streams to one server, unless the server allows fewer.
    static let maxStreams = 1_000
    /// The share of these streams that may be used for changes of targets, which every poll sees anyway.
    static let specStreamShare = 4
    /// The time of a reading after a message of a stream.
    static let pushedReadTime: Duration = .seconds(5)
    /// Threads that look up names, and addresses of one name that are tried.
    static let maxLookups = 8
    static let maxAddressesPerName = 8
    /// Entries of `metadata` and `secretMetadata` together.
    static let maxMetadata = 128
}
