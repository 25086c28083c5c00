import HTTPTransport
import PluginSDK
import SourceSupport

/// A server and its credentials. Calls with equal endpoints share connections.
struct RedisEndpoint: Hashable, Sendable {
    var address: ByteConnection.Address
    /// The TLS options; nil for plaintext.
    var tls: TLSOptions?
    var username: String?
    var password: Secret?
    var database: Int
    /// The IP addresses that it may have; nil for all.
    var peers: PeerRule?

    /// Returns the same endpoint with another address.
    func at(_ address: RedisAddress) -> RedisEndpoint {
        var other = self
        other.address = address.tcp
        return other
    }
}

/// How to find the server with the data.
enum Deployment: Hashable, Sendable {
    case standalone(RedisEndpoint)
    case sentinel(SentinelSet)
    /// A cluster with this node.
    case cluster(RedisEndpoint)

    /// - Throws: `config_invalid` if a certificate or key file cannot be read.
    init(_ config: RedisConfig, files: some FileReader) throws(PluginError) {
        var tls = try config.tls?.options(files)
        if let sentinel = config.sentinel {
            self = .sentinel(SentinelSet(sentinel, config, tls: tls))
            return
        }
        let url: RedisURL?
        do throws(RedisURL.Fault) {
            url = try config.url.map { secret throws(RedisURL.Fault) in try RedisURL(secret.reveal()) }
        } catch {
            throw PluginError(.configInvalid, "url \(error.message)", path: "url")
        }
        if url?.usesTLS == true, tls == nil { tls = TLSOptions() }
        guard let address = url?.address ?? config.address.flatMap({ RedisAddress($0)?.tcp }) else {
            throw PluginError(.configInvalid, "address must be host:port", path: "address")
        }
        let server = RedisEndpoint(
            address: address, tls: tls, username: config.username ?? url?.username,
            password: config.password ?? url?.password, database: config.database ?? url?.database ?? 0,
            peers: SourcePeers.rule.naming(address.host.map { [$0] } ?? []))
        self = config.cluster ? .cluster(server) : .standalone(server)
    }
}

/// Sentinels and the name of their master.
struct SentinelSet: Hashable, Sendable {
    let sentinels: [RedisEndpoint]
    let masterName: String
    /// The master's credentials and options; its address is replaced.
    let master: RedisEndpoint

    init(_ sentinel: SentinelConfig, _ config: RedisConfig, tls: TLSOptions?) {
        let addresses = sentinel.addresses
            .compactMap { RedisAddress($0, defaultPort: RedisAddress.sentinelPort) }
        let peers = SourcePeers.rule.naming(addresses.map(\.host))
        sentinels = addresses.map {
            RedisEndpoint(
                address: $0.tcp, tls: tls, username: sentinel.username, password: sentinel.password, database: 0,
                peers: peers)
        }
        masterName = sentinel.master
        master = RedisEndpoint(
            address: .unix(path: sentinel.master), tls: tls, username: config.username, password: config.password,
            database: config.database ?? 0, peers: peers)
    }
}
