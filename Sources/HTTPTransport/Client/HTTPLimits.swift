/// The limits of the HTTP client.
package enum HTTPLimits {
    /// Connections to one host and port. Further requests wait for a free connection.
    package static let connectionsPerHost = 128
    /// Connections to all hosts, including idle ones.
    package static let connections = 1_024
    /// Transfers at one time; further requests queue in FIFO order.
    package static let concurrentTransfers = 1_024
    /// Requests that queue for a transfer; further ones fail immediately.
    static let waitingRequests = 65_536
    /// A connection that was idle for longer is closed, not reused.
    static let idleConnectionAge = Duration.seconds(60)
    /// From the start of a transfer to a connection ready for use (including name lookup and TLS).
    static let connectTimeout = Duration.seconds(30)
    /// A peer that acknowledges nothing for this long is considered dead, even on an idle stream.
    static let deadPeerTimeout = Duration.seconds(30)
    /// All header bytes of one response, including interim responses and trailers.
    static let headerBytes = 256 << 10
    /// Bytes of a stream's body that wait for its reader; at this size the transfer is paused.
    static let streamBufferBytes = 256 << 10
    /// Easy handles kept for reuse.
    static let pooledHandles = 64
    /// Socket events read from the kernel in one call.
    static let eventsPerPoll = 64
}
