/// Where the operator's own Google credentials may go.
///
/// Whoever may create a GeneralScaler chooses the address, but the token is the operator's: it must not follow to any
/// server.
package enum GoogleHosts {
    /// Names the emulators, as `scheme://host:port` with blanks between them. The administrator sets it in `env` of the
    /// plugin in plugins.yaml.
    package static let emulatorVariable = "GENERALSCALER_GOOGLE_EMULATORS"

    /// `https://` and a host of googleapis.com, or an emulator that the administrator named.
    ///
    /// - Parameter environment: the plugin's own.
    package static func mayGetToken(_ url: String, environment: [String: String]) -> Bool {
        guard let place = Place(url) else { return false }
        if place.isGoogle { return true }
        let emulators = (environment[emulatorVariable] ?? "").split(separator: " ").compactMap { Place(String($0)) }
        return emulators.contains { $0.allows(place) }
    }

    /// Whether the URL is one of Google's, or could be that of an emulator on this machine: what can be said without
    /// knowing what the administrator named.
    package static func canGetToken(_ url: String) -> Bool {
        guard let place = Place(url) else { return false }
        return place.isGoogle || ["127.0.0.1", "localhost", "::1"].contains(place.host)
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

        /// `:*` is any port.
        func allows(_ other: Place) -> Bool {
            scheme == other.scheme && host == other.host && (port == ":*" || port == other.port)
        }

        var isGoogle: Bool {
            scheme == "https://" && (host == "googleapis.com" || host.hasSuffix(".googleapis.com"))
        }
    }
}
