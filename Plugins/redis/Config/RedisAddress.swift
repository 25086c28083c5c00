import HTTPTransport
import SourceSupport

/// An address in the form `host:port`.
typealias RedisAddress = HostPort

extension RedisAddress {
    static let defaultPort = 6_379
    static let sentinelPort = 26_379

    /// Parses an address. Without a port, the default port of Redis applies.
    init?(_ text: String) {
        self.init(text, defaultPort: Self.defaultPort)
    }

    var tcp: ByteConnection.Address { .tcp(host: host, port: port) }
}
