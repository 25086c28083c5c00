import FoundationEssentials

/// Where the plugin's own Google credentials may go.
///
/// Whoever may create a GeneralScaler chooses the address, but the token is the operator's: it must not follow to any
/// server.
package enum GoogleHosts {
    /// The variable by which Google's own libraries are told of another universe.
    static let universeVariable = "GOOGLE_CLOUD_UNIVERSE_DOMAIN"
    static let defaultUniverse = "googleapis.com"
    /// Beside the universe's own. Keys made before 2018 name it.
    private static let formerTokenHost = "accounts.google.com"

    /// The domain of the APIs: Google's, or that of a partner who runs them (Trusted Partner Cloud), as the environment
    /// says it, which only the operator's administrator sets.
    package static let universe = universe(of: ProcessInfo.processInfo.environment)

    package static func universe(of environment: [String: String]) -> String {
        let named = environment[universeVariable]?.lowercased() ?? ""
        let isDomain =
            named.contains(".") && named.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-.".contains($0)) }
        return isDomain ? named : defaultUniverse
    }

    /// What ``givesTokens(_:universe:)`` accepts, for messages.
    package static var tokenHosts: String { "https://*.\(universe), https://\(formerTokenHost)" }

    /// Whether the URL is `https://` and a host of Google's APIs; or the loopback, where an emulator or a proxy of the
    /// operator's own is.
    package static func mayGetToken(_ url: String, universe: String = Self.universe) -> Bool {
        guard let (isTLS, host) = place(url) else { return false }
        if ["127.0.0.1", "localhost", "::1"].contains(host) { return true }
        return isTLS && [universe, defaultUniverse].contains { host == $0 || host.hasSuffix(".\($0)") }
    }

    /// Whether Google gives access tokens there: at any host of its APIs, of which it has used several, and at the
    /// former one.
    package static func givesTokens(_ url: String, universe: String = Self.universe) -> Bool {
        if mayGetToken(url, universe: universe) { return true }
        guard let (isTLS, host) = place(url) else { return false }
        return isTLS && host == formerTokenHost
    }

    /// Nil where the URL is none of http and https, or holds a user.
    private static func place(_ url: String) -> (isTLS: Bool, host: Substring)? {
        let lowercased = url.lowercased()
        guard let scheme = ["https://", "http://"].first(where: { lowercased.hasPrefix($0) }) else { return nil }
        let authority = lowercased.dropFirst(scheme.count).prefix { !"/?#\\".contains($0) }
        guard !authority.contains("@") else { return nil }
        let host =
            authority.hasPrefix("[") ? authority.dropFirst().prefix { $0 != "]" } : authority.prefix { $0 != ":" }
        return (scheme == "https://", host)
    }
}
