/// The limits of the plugin.
enum RedisLimits {
    static let maxInFlight = 16
    /// Bytes, and array elements, of all replies of one exchange. A count is a few bytes; a page of stream entries is
    /// the largest.
    static let maxReplyBytes = 4 << 20
    static let maxReplyElements = 1 << 16
    /// The same for an exchange that needs no slot. In memory, a reply takes up to four times its size, plus 150 bytes
    /// for each element.
    static let smallReplyBytes = 64 << 10
    static let smallReplyElements = 4_096
    /// Exchanges with larger replies at one time.
    static let maxLargeReplies = 3
    static let receiveBufferBytes = 16 << 10
    /// Connections kept open between calls, to one server and to all.
    static let maxIdleConnectionsPerServer = 8
    static let maxIdleConnections = 64
    /// The idle time after which a connection is not reused.
    static let maxIdleAge: Duration = .seconds(300)
    /// Keys of one `keys` sum.
    static let maxKeys = 128
    /// The page size, and the limit, for counting entries if a server cannot return a stream group's lag.
    static let streamPageEntries = 100
    static let maxCountedEntries = 10_000
    /// The maximum number of entries that are counted to verify a server's lag.
    static let maxVerifiedEntries = 1_000
    /// Sentinels of one set.
    static let maxSentinels = 16
    /// How long a Sentinel's answer is used without asking again.
    static let masterAge: Duration = .seconds(10)
    /// How often one call looks up the master before it fails.
    static let maxMasterAttempts = 3
    /// MOVED and ASK redirects that one command follows.
    static let maxRedirects = 5
    /// Unreachable cluster nodes that a command tries.
    static let maxNodesTried = 4
    /// Known nodes of a cluster, and how long before they are requested again.
    static let maxKnownNodes = 128
    static let topologyAge: Duration = .seconds(60)
    /// Servers with keyspace listeners, each with its own connection and thread.
    static let maxListeners = 64
    /// The timeout for connecting, and for an answer to SUBSCRIBE.
    static let listenerAnswerTime: Duration = .seconds(10)
    /// The silence after which a server is checked with a command.
    static let listenerSilence: Duration = .seconds(30)
    /// How long a server's notification setting is cached.
    static let settingAge: Duration = .seconds(10)
    /// The minimum interval between two reads caused by changes, and the timeout of each.
    static let pushSpacing: Duration = .milliseconds(100)
    static let pushedReadTime: Duration = .seconds(5)
    /// Keys with a known node, and clusters, that are cached.
    static let maxKnownKeys = 4_096
    static let maxKnownClusters = 256
}
