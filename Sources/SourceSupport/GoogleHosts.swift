import FoundationEssentials

/// The hosts to which the operator's own Google credentials may be sent.
///
/// A user who creates a GeneralScaler chooses the address, but the token belongs to the operator and must not be sent
/// to any other server.
package enum GoogleHosts {
    /// The variable with the emulators as `scheme://host:port`, separated by blanks. Set by the administrator in `env`
    /// of the plugin in plugins.yaml.
    package static let emulatorVariable = "GENERALSCALER_GOOGLE_EMULATORS"
    /// The variable that sets another universe for Google's own libraries.
    static let universeVariable = "GOOGLE_CLOUD_UNIVERSE_DOMAIN"
    static let defaultUniverse = "googleapis.com"
    /// The token host besides those of the universe, named by keys from before 2018.
    private static let formerTokenHost = "accounts.google.com"

    /// The domain of the APIs: Google's, or that of a partner who runs them (Trusted Partner Cloud), from the
    /// environment, which only the operator's administrator sets.
    package static let universe = universe(of: ProcessInfo.processInfo.environment)

    package static func universe(of environment: [String: String]) -> String {
        let named = environment[universeVariable]?.lowercased() ?? ""
        let isDomain =
            named.contains(".") && named.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-.".contains($0)) }
        return isDomain ? named : defaultUniverse
    }

    /// The URLs that ``canGiveTokens(_:universe:)`` accepts, for messages.
    package static var tokenHosts: String { "https://*.\(universe), https://\(formerTokenHost)" }

    /// Returns whether the URL is `https://` with a host of Google's APIs, or an emulator that the administrator
    /// configured.
    ///
    /// - Parameter environment: the plugin's environment.
    package static func mayGetToken(_ url: String, environment: [String: String]) -> Bool {
        guard let place = Place(url) else { return false }
        if place.isOfAPIs(in: universe(of: environment)) { return true }
        let emulators = (environment[emulatorVariable] ?? "").split(separator: " ").compactMap { Place(String($0)) }
        return emulators.contains { $0.allows(place) }
    }

    /// Returns whether the URL is one of Google's APIs, or may be that of an emulator on this machine, without knowing
    /// the configured emulators.
    package static func canGetToken(_ url: String, universe: String = Self.universe) -> Bool {
        guard let place = Place(url) else { return false }
        return place.isOfAPIs(in: universe) || place.isLoopback
    }

    /// Returns whether Google may issue access tokens at the URL: at any host of its APIs, because it has used several,
    /// and at the former one.
    package static func canGiveTokens(_ url: String, universe: String = Self.universe) -> Bool {
        canGetToken(url, universe: universe)
            || Place(url).map { $0.scheme == "https://" && $0.host == formerTokenHost } ?? false
    }

    private struct Place {
        let scheme: String
        let host: String
        let port: String

        init?(_ url: String) {
            let lowercased = url.lowercased()
            guard let scheme = ["https://", "http://"].first(where: { lowercased.hasPrefix($0) }) else { return nil }
            let authority = lowercased.dropFirst(scheme.count).prefix { !"/?#\\".contains($0) }
            guard !authority.contains("@"), !authority.isEmpty else { return nil }
            self.scheme = scheme
            if authority.hasPrefix("[") {
                let address = authority.dropFirst().prefix { $0 != "]" }
                host = String(address)
                port = String(authority.dropFirst(address.count + 2))
            } else {
                let name = authority.prefix { $0 != ":" }
                host = String(name)
                port = String(authority.dropFirst(name.count))
            }
        }

        /// Returns whether a pattern matches; `:*` stands for any port.
        func allows(_ other: Place) -> Bool {
            scheme == other.scheme && host == other.host && (port == ":*" || port == other.port)
        }

        var isLoopback: Bool { ["127.0.0.1", "localhost", "::1"].contains(host) }

        func isOfAPIs(in universe: String) -> Bool {
            scheme == "https://" && [universe, defaultUniverse].contains { host == $0 || host.hasSuffix(".\($0)") }
        }
    }
}
