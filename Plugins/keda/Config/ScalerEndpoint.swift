import HTTPTransport
import PluginSDK
import SourceSupport
import SystemIO

/// A server of an external scaler and the identity at it. Equal values share their channels.
struct ScalerEndpoint: Hashable, Sendable {
    static let defaultPort = 443

    let place: HostPort
    let tls: TLSOptions?
    /// The IP addresses that the server may have.
    let peers: PeerRule

    /// - Throws: `config_invalid` if a certificate or key file cannot be read.
    init(_ config: KedaConfig, files: some FileReader) throws(PluginError) {
        guard let place = Self.place(config.address) else {
            throw PluginError(.configInvalid, "address is not host:port", path: "address")
        }
        self.place = place
        tls = try config.tls?.options(files)
        peers = SourcePeers.rule.naming([place.host])
    }

    /// Returns nil if the text is not `host:port`.
    static func place(_ text: String) -> HostPort? { HostPort(text, defaultPort: defaultPort) }

    static func isIPAddress(_ host: String) -> Bool { IPAddress(host) != nil }

    /// The name that the server's certificate must be for; nil if none is verified, or the IP address.
    var verifiedName: String? {
        guard let tls, !tls.skipsVerification else { return nil }
        return tls.serverName ?? (Self.isIPAddress(place.host) ? nil : place.host)
    }

    /// The `:authority` of requests, whose host is also verified; nil to take it from the IP address.
    var authority: String? {
        if let name = tls?.serverName { return name }
        return Self.isIPAddress(place.host) ? nil : place.description
    }
}
