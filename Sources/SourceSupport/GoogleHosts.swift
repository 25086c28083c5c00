/// Where the plugin's own Google credentials may go.
///
/// Whoever may create a GeneralScaler chooses the address, but the token is the operator's: it must not follow to any
/// server.
package enum GoogleHosts {
    /// `https://` and a host of googleapis.com; or the loopback, where an emulator or a proxy of the operator's own is.
    package static func mayGetToken(_ url: String) -> Bool {
        let lowercased = url.lowercased()
        guard let scheme = ["https://", "http://"].first(where: { lowercased.hasPrefix($0) }) else { return false }
        let authority = lowercased.dropFirst(scheme.count).prefix { !"/?#\\".contains($0) }
        guard !authority.contains("@") else { return false }
        let host: Substring
        if authority.hasPrefix("[") {
            host = authority.dropFirst().prefix { $0 != "]" }
        } else {
            host = authority.prefix { $0 != ":" }
        }
        if ["127.0.0.1", "localhost", "::1"].contains(host) { return true }
        return scheme == "https://" && (host == "googleapis.com" || host.hasSuffix(".googleapis.com"))
    }
}
