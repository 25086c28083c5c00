package import SystemIO

/// The IP addresses of the servers that a client connects to.
///
/// The address is checked when its socket is opened, so that it is the one that is connected to: it makes no difference
/// what the name is resolved to before or after. An address that is reserved for the machine itself, its link, or the
/// cloud's metadata is refused unless the host is written as such an address: a name may not lead there.
///
/// A connection through a proxy is not checked, since the proxy looks the name up.
package struct PeerRule: Sendable, Hashable {
    /// Nil for all.
    private let networks: [IPNetwork]?
    /// As messages call the list.
    private let setting: String
    private var named: ReservedNetworks = []

    /// - Parameters:
    ///   - networks: The networks to which connections may be made; nil for all. A text that is no network allows
    ///     nothing.
    ///   - setting: What messages call the list.
    package init(networks: [String]? = nil, setting: String = "") {
        self.networks = networks?.compactMap { IPNetwork($0) }
        self.setting = setting
    }

    /// Returns the rule for a config that names these hosts, and for the servers that those name in turn.
    package func naming(_ hosts: [String]) -> PeerRule {
        var rule = self
        for host in hosts { rule.named.formUnion(ReservedNetworks(namedBy: host)) }
        return rule
    }

    /// Returns why no connection is made to that address; nil if one may be.
    package func objection(to peer: IPAddress) -> String? {
        let embedded = peer.embeddedIPv4
        let all = [peer] + embedded
        if let reserved = all.map(ReservedNetworks.init).first(where: { !named.isSuperset(of: $0) }) {
            return
                "its address is \(peer), \(reserved.name), which is used only if the config names it as an IP address"
        }
        guard let networks else { return nil }
        func isAllowed(_ address: IPAddress) -> Bool { networks.contains { $0.contains(address) } }
        // Which of several IPv4 addresses a gateway reaches is unknown.
        if isAllowed(peer) || (!embedded.isEmpty && embedded.allSatisfy(isAllowed)) { return nil }
        return "its address is \(peer), which is in none of the networks of \(setting)"
    }
}

/// Networks that are no place for a server with a name.
struct ReservedNetworks: OptionSet, Sendable, Hashable {
    let rawValue: UInt8

    /// The machine itself, also by its address "unspecified".
    static let loopback = ReservedNetworks(rawValue: 1)
    static let linkLocal = ReservedNetworks(rawValue: 2)
    /// Where clouds give a machine its credentials, beside 169.254.169.254: Alibaba Cloud, Azure, Oracle Cloud, AWS,
    /// Google Cloud.
    static let metadata = ReservedNetworks(rawValue: 4)

    private static let networks: [(kind: ReservedNetworks, networks: [IPNetwork])] = [
        (.loopback, ["127.0.0.0/8", "0.0.0.0/8", "::1", "::"]),
        (.linkLocal, ["169.254.0.0/16", "fe80::/10"]),
        (.metadata, ["100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::/32", "fd20:ce::254"]),
    ].map { ($0, $1.compactMap { IPNetwork($0) }) }

    init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Those that hold the address.
    init(_ address: IPAddress) {
        self = Self.networks.reduce([]) { found, entry in
            entry.networks.contains { $0.contains(address) } ? found.union(entry.kind) : found
        }
    }

    /// Those of the address that the host is written as. `localhost` is one.
    init(namedBy host: String) {
        if host == "localhost" || host.hasSuffix(".localhost") {
            self = .loopback
        } else if let address = IPAddress(host) {
            self = ([address] + address.embeddedIPv4).reduce([]) { $0.union(ReservedNetworks($1)) }
        } else {
            self = []
        }
    }

    var name: String {
        contains(.loopback)
            ? "a loopback address" : contains(.linkLocal) ? "a link-local address" : "a cloud's metadata address"
    }
}
