/// A pattern of addresses that a plugin may contact: one entry of `allowedAddresses`.
///
/// An address with `*.` in place of one or more labels at the beginning of its host, or `:*` for any port. Without a
/// scheme it allows every scheme; without a port, the scheme's default port or none.
struct AddressPattern: Sendable, Hashable {
    private let scheme: String?
    private let host: String
    private let allowsSubdomains: Bool
    private let port: Int?
    private let allowsAnyPort: Bool
    /// The path of a socket.
    private let path: String?

    /// Parses a pattern; returns nil if the text is malformed.
    init?(_ text: String) {
        var text = text
        allowsAnyPort = text.hasSuffix(":*")
        if allowsAnyPort { text.removeLast(2) }
        let hostStart = text.firstRange(of: "://")?.upperBound ?? text.startIndex
        allowsSubdomains = text[hostStart...].hasPrefix("*.")
        if allowsSubdomains { text.removeSubrange(hostStart..<text.index(hostStart, offsetBy: 2)) }
        guard let address = ServerAddress(text), !address.hasUser else { return nil }
        let isSocket = address.scheme == "unix"
        guard isSocket ? !allowsAnyPort && !allowsSubdomains : ["", "/"].contains(address.path) else { return nil }
        guard !(allowsAnyPort && address.port != nil), !(allowsSubdomains && address.host.hasPrefix("[")) else {
            return nil
        }
        scheme = address.scheme
        host = address.host
        port = address.port
        path = isSocket ? address.path : nil
    }

    func allows(_ address: ServerAddress) -> Bool {
        guard scheme == nil || scheme == address.scheme else { return false }
        if address.scheme == "unix" || path != nil { return address.scheme == scheme && address.path == path }
        return allowsHost(address.host) && allowsPort(of: address)
    }

    private func allowsHost(_ other: String) -> Bool {
        allowsSubdomains ? other.hasSuffix("." + host) && other.count > host.count + 1 : other == host
    }

    private func allowsPort(of address: ServerAddress) -> Bool {
        if allowsAnyPort { return true }
        guard let port else { return address.port == nil || address.port == address.defaultPort }
        return address.effectivePort == port
    }
}
