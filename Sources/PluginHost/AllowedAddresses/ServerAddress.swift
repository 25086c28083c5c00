import Glibc

/// The server of an address in a config: `scheme://host:port`, `host:port`, or `unix:///path`.
///
/// Parsed strictly: a text that programs may parse differently, such as one with a second `@` or an escape in the host,
/// is refused.
struct ServerAddress: Hashable {
    /// The scheme in lower case; nil if absent.
    let scheme: String?
    /// The host in lower case; for an IPv6 address, its 16 bytes in hexadecimal. Empty for a socket.
    ///
    /// A dot at the end is kept: `redis.shop.` is resolved as an absolute name, `redis.shop` in the search domains of
    /// the cluster first, so they may be different servers.
    let host: String
    /// The port as written; nil if absent.
    let port: Int?
    /// The path of the socket of a `unix` address; otherwise the text after host and port.
    let path: String
    let hasUser: Bool

    private static let defaultPorts = ["http": 80, "https": 443]

    /// The port in the address or the scheme's default.
    var effectivePort: Int? { port ?? defaultPort }
    /// The scheme's default port.
    var defaultPort: Int? { scheme.flatMap { Self.defaultPorts[$0] } }

    init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else { return nil }
        var rest = text[...]
        if let separator = text.firstRange(of: "://") {
            let scheme = text[..<separator.lowerBound].lowercased()
            guard scheme.first?.isLetter == true,
                scheme.allSatisfy({ $0.isLetter || $0.isNumber || "+-.".contains($0) })
            else { return nil }
            self.scheme = scheme
            rest = text[separator.upperBound...]
        } else {
            scheme = nil
        }
        if scheme == "unix" {
            guard rest.hasPrefix("/"), !rest.contains("%"), !rest.split(separator: "/").contains("..") else {
                return nil
            }
            (host, port, path, hasUser) = ("", nil, String(rest), false)
            return
        }
        var authority = rest.prefix { !"/?#".contains($0) }
        path = String(rest[authority.endIndex...])
        guard !path.contains("@") else { return nil }
        let parts = authority.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count <= 2, let place = parts.last else { return nil }
        hasUser = parts.count == 2
        authority = place
        guard let (host, port) = Self.hostAndPort(authority) else { return nil }
        self.host = host
        self.port = port
    }

    private static func hostAndPort(_ text: Substring) -> (String, Int?)? {
        let host: String?
        let rest: Substring
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = ipv6(text[text.index(after: text.startIndex)..<end])
            rest = text[text.index(after: end)...]
        } else {
            let name = text.prefix { $0 != ":" }
            host = self.name(name)
            rest = text[name.endIndex...]
        }
        guard let host else { return nil }
        if rest.isEmpty { return (host, nil) }
        let digits = rest.dropFirst()
        guard rest.first == ":", digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits),
            port > 0
        else { return nil }
        return (host, Int(port))
    }

    private static func name(_ text: Substring) -> String? {
        let relative = text.hasSuffix(".") ? text.dropLast() : text
        let labels = relative.split(separator: ".", omittingEmptySubsequences: false)
        let isName = labels.allSatisfy { label in
            !label.isEmpty && label.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
        }
        return isName ? text.lowercased() : nil
    }

    /// Returns a canonical form of an IPv6 address.
    private static func ipv6(_ text: Substring) -> String? {
        var address = in6_addr()
        guard inet_pton(AF_INET6, String(text), &address) == 1 else { return nil }
        return withUnsafeBytes(of: &address) { bytes in
            "[" + bytes.map { String($0 >> 4, radix: 16) + String($0 & 0xF, radix: 16) }.joined() + "]"
        }
    }
}
