import HTTPTransport
import SourceSupport

/// `host:port` as people and servers write it.
typealias RedisAddress = HostPort

extension RedisAddress {
    static let defaultPort = 6_379
    static let sentinelPort = 26_379

    /// Nil if the text is not an address. Without a port it is that of Redis.
    init?(_ text: String) {
        self.init(text, defaultPort: Self.defaultPort)
    }

    var tcp: ByteConnection.Address { .tcp(host: host, port: port) }
}
