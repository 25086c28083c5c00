/// Every bound of the plugin.
enum RedisLimits {
    static let maxInFlight = 16
    /// Bytes, and elements of arrays, of all replies of one exchange. A count is a few bytes; the entries of a stream page
    /// are the most.
    static let maxReplyBytes = 4 << 20
    static let maxReplyElements = 1 << 16
    /// The same of an exchange that needs no turn. In memory a reply takes up to four times its bytes, and 150 bytes for
    /// each element.
    static let smallReplyBytes = 64 << 10
    static let smallReplyElements = 4_096
    /// Exchanges with larger replies at one time.
    static let maxLargeReplies = 3
    static let receiveBufferBytes = 16 << 10
    /// Connections kept open between calls, to one server and to all.
    static let maxIdleConnectionsPerServer = 8
    static let maxIdleConnections = 64
    /// A connection that was idle for longer is not used again.
    static let maxIdleAge: Duration = .seconds(300)
    /// Keys of one `keys` sum.
    static let maxKeys = 128
    /// Where a server cannot tell a stream group's lag, its entries are counted: so many at a time, and no more.
    static let streamPageEntries = 100
    static let maxCountedEntries = 10_000
    /// Where a server's own count of a group's lag cannot be trusted, so many entries are counted to correct it.
    static let maxVerifiedEntries = 1_000
    /// Sentinels of one set.
    static let maxSentinels = 16
    /// How long a master that a Sentinel named is taken for it without asking again.
    static let masterAge: Duration = .seconds(10)
    /// In one call, how often the master is looked for before the next poll has to do it.
    static let maxMasterAttempts = 3
    /// MOVED and ASK answers that one command follows.
    static let maxRedirects = 5
    /// Of a cluster's nodes, how many a command tries that get no connection.
    static let maxNodesTried = 4
    /// Nodes of a cluster that are remembered, and how long before they are asked for again.
    static let maxKnownNodes = 128
    static let topologyAge: Duration = .seconds(60)
    /// Servers that are listened to for changes of keys, each over a connection and on a thread of its own.
    static let maxListeners = 64
    /// How long connecting, and an answer to a SUBSCRIBE, may take.
    static let listenerAnswerTime: Duration = .seconds(10)
    /// How long a server may be silent before it is asked whether it is still there.
    static let listenerSilence: Duration = .seconds(30)
    /// How long a server's setting of keyspace notifications is taken to be as it was.
    static let settingAge: Duration = .seconds(10)
    /// A value is read at most this often because of changes, and each time within so long.
    static let pushSpacing: Duration = .milliseconds(100)
    static let pushedReadTime: Duration = .seconds(5)
    /// Of all clusters, keys whose node is remembered, and clusters.
    static let maxKnownKeys = 4_096
    static let maxKnownClusters = 256
}
