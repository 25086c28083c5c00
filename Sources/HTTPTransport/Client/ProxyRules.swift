import Glibc
import SystemIO

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
        /// Addresses in this network.
        case network(IPNetwork)

        init?(_ entry: String) {
            if entry == "*" {
                self = .everything
                return
            }
            if let network = IPNetwork(entry) {
                self = .network(network)
                return
            }
            guard IPAddress(String(entry.prefix { $0 != "/" })) == nil else { return nil }
            let name = entry.drop { $0 == "." }.lowercased()
            guard !name.isEmpty else { return nil }
            self = .name(name)
        }

        func covers(_ host: String) -> Bool {
            switch self {
            case .everything: true
            case .name(let name): host == name || host.hasSuffix("." + name)
            case .network(let network): IPAddress(host).map(network.contains) ?? false
            }
        }
    }
}
