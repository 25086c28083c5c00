/// Every bound of the HTTP client, in one place.
package enum HTTPLimits {
    /// Connections to one host and port. A request over it waits for one to become free.
    package static let connectionsPerHost = 128
    /// Connections to all hosts, those that wait for reuse included.
    package static let connections = 1_024
    /// Transfers at one time; further requests wait in the order they came.
    package static let concurrentTransfers = 1_024
    /// Requests that wait for a transfer's place; further ones fail at once.
    static let waitingRequests = 65_536
    /// A connection that was idle for longer is closed, not reused.
    static let idleConnectionAge = Duration.seconds(60)
    /// From the start of a transfer to a connection ready for use (name look-up and TLS included).
    static let connectTimeout = Duration.seconds(30)
    /// A peer that acknowledges nothing for that long is taken for dead, also on an idle stream.
    static let deadPeerTimeout = Duration.seconds(30)
    /// All header bytes of one answer, interim answers and trailers included.
    static let headerBytes = 256 << 10
    /// Body bytes of a stream that wait for its reader; at this many the server is held back.
    static let streamBufferBytes = 256 << 10
    /// Easy handles kept for reuse.
    static let pooledHandles = 64
    /// Socket events taken from the kernel in one call.
    static let eventsPerPoll = 64
}
