import HTTPTransport
import PluginSDK
import SourceSupport

/// The servers of a database, and who asks them. Equal ones share connections.
struct PostgresEndpoint: Hashable, Sendable {
    /// At least one, in the order in which they are tried.
    let servers: [ServerPlace]
    let database: String
    let username: String
    let password: Secret?
    let role: ServerRole
    let tlsMode: TLSMode
    /// What is verified, and what is shown to the server.
    let tls: TLSOptions?
    let channelBinding: String?
    /// The IP addresses that the servers may have.
    let peers: PeerRule

    /// - Throws: `config_invalid` if a certificate or key file cannot be read.
    init(_ config: PostgresConfig, files: some FileReader) throws(PluginError) {
        let url: PostgresURL?
        do throws(PostgresURL.Fault) {
            url = try config.url.map { secret throws(PostgresURL.Fault) in try PostgresURL(secret.reveal()) }
        } catch {
            throw PluginError(.configInvalid, "url \(error.message)", path: "url")
        }
        servers =
            url?.hosts.map(ServerPlace.tcp)
            ?? (config.addresses ?? [config.address].compactMap(\.self)).compactMap { ServerPlace($0) }
        peers = SourcePeers.rule.naming(servers.compactMap(\.host))
        guard !servers.isEmpty, let database = config.database ?? url?.database,
            let username = config.username ?? url?.username
        else { throw PluginError(.configInvalid, "the config names no server, database or user") }
        self.database = database
        self.username = username
        password = config.password ?? url?.password
        role = url?.role ?? config.role
        channelBinding = url?.channelBinding
        tls = try config.tls?.options(files)
        tlsMode = url?.tlsMode ?? tls.map { $0.skipsVerification ? .require : .verifyFull } ?? .prefer
    }
}

extension PostgresEndpoint: CustomStringConvertible {
    /// The servers, without user and password.
    var description: String { servers.map(\.description).joined(separator: ", ") }
}
