import Glibc

/// The proxy settings of the environment.
///
/// The variables and their order are curl's: `http_proxy` (lower case only: a CGI server sets `HTTP_PROXY` from a
/// request header), `https_proxy`, `HTTPS_PROXY`, `all_proxy`, `ALL_PROXY`, and `no_proxy`, `NO_PROXY`. The rules are
/// evaluated here because libcurl would match `no_proxy` against ``TLSOptions/serverName`` in place of the host
/// connected to.
package struct ProxyRules: Sendable {
    /// No proxy for any request.
    package static let none = ProxyRules { _ in nil }

    private let proxyForHTTP: String?
    private let proxyForHTTPS: String?
    private let exceptions: [Exception]

    /// Reads the environment once. `variable` returns a variable's value; the default reads the process's environment.
    package init(variable: (String) -> String? = { name in getenv(name).map { String(cString: $0) } }) {
        func first(_ names: String...) -> String? {
            names.lazy.compactMap(variable).first { !$0.isEmpty }
        }
        let proxyForAll = first("all_proxy", "ALL_PROXY")
        proxyForHTTP = first("http_proxy") ?? proxyForAll
        proxyForHTTPS = first("https_proxy", "HTTPS_PROXY") ?? proxyForAll
        exceptions = (first("no_proxy", "NO_PROXY") ?? "")
            .split { $0 == "," || $0.isWhitespace }
            .compactMap { Exception(String($0)) }
    }

    /// Returns the proxy's URL, which may hold a password, or nil to connect directly.
    func proxy(for url: URLParts) -> String? {
        guard let proxy = url.isTLS ? proxyForHTTPS : proxyForHTTP else { return nil }
        return exceptions.contains { $0.covers(url.host) } ? nil : proxy
    }
}

extension ProxyRules: CustomStringConvertible, CustomDebugStringConvertible {
    /// A description without the proxies' URLs, which may hold passwords.
    package var description: String {
        func shown(_ proxy: String?) -> String { proxy == nil ? "none" : "***" }
        return "ProxyRules(http: \(shown(proxyForHTTP)), https: \(shown(proxyForHTTPS)))"
    }

    package var debugDescription: String { description }
}

extension ProxyRules {
    /// An entry of `no_proxy`.
    private enum Exception {
        case everything
        /// A name and its subdomains.
        case name(String)
        /// Addresses with this prefix.
        case network(IPAddress, prefixLength: Int)

        init?(_ entry: String) {
            if entry == "*" {
                self = .everything
                return
            }
            let parts = entry.split(separator: "/", maxSplits: 1)
            if let first = parts.first, let address = IPAddress(String(first)) {
                let bits = address.bytes.count * 8
                guard parts.count == 2 else {
                    self = .network(address, prefixLength: bits)
                    return
                }
                guard let length = Int(parts[1]), (0...bits).contains(length) else { return nil }
                self = .network(address, prefixLength: length)
                return
            }
            let name = entry.drop { $0 == "." }.lowercased()
            guard !name.isEmpty else { return nil }
            self = .name(name)
        }

        func covers(_ host: String) -> Bool {
            switch self {
            case .everything: true
            case .name(let name): host == name || host.hasSuffix("." + name)
            case .network(let network, let prefixLength):
                IPAddress(host)?.isIn(network, prefixLength: prefixLength) ?? false
            }
        }
    }
}

/// An IPv4 or IPv6 address in network byte order.
private struct IPAddress {
    let bytes: [UInt8]

    /// Parses an address, with or without brackets for IPv6; nil if the text is a name.
    init?(_ text: String) {
        let text = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 {
            self.bytes = Array(bytes.prefix(4))
        } else if inet_pton(AF_INET6, text, &bytes) == 1 {
            self.bytes = bytes
        } else {
            return nil
        }
    }

    func isIn(_ network: IPAddress, prefixLength: Int) -> Bool {
        guard bytes.count == network.bytes.count else { return false }
        return bytes.indices.allSatisfy { index in
            let bits = min(8, max(0, prefixLength - index * 8))
            let mask = ~UInt8(truncatingIfNeeded: 0xff >> bits)
            return bytes[index] & mask == network.bytes[index] & mask
        }
    }
}
