import HTTPTransport
import PluginSDK
import SourceSupport

struct PostgresConfig: MetricConfig {
    // MARK: Where

    @Field(
        """
        Host and port of the server, such as `postgres.shop:5432`; the default port is 5432. For a Unix socket, \
        `unix://` with its path, such as `unix:///run/postgresql/.s.PGSQL.5432`.
        """,
        isAddress: true)
    var address: String?

    @Field(
        "Several servers, instead of `address`: the first one that answers and has the `role` is used.",
        isAddress: true)
    var addresses: [String]?

    @Field(
        """
        The server as a URL, instead of `address`: `postgresql://user:password@host:5432/database`, optionally with the \
        parameters `sslmode`, `channel_binding` and `target_session_attrs`.
        """,
        isAddress: true)
    var url: Secret?

    @Field("Name of the database; required unless `url` has it.")
    var database: String?

    @Field("Name of the user; required unless `url` has it.")
    var username: String?

    @Field("The user's password.")
    var password: Secret?

    @Field(
        """
        TLS: how to verify the server, and the client's certificate. `{}` is TLS with the system's authorities. Without \
        it, TLS is used if the server offers it, and the server is not verified.
        """)
    var tls: TLSConfig?

    @Field("`primary` or `standby`: use only a server that accepts writes, or only one that does not.")
    var role = ServerRole.any

    // MARK: What

    @Field("One SQL statement that returns one row with one number. It runs in a read-only transaction.")
    var query: String

    let target = KeptValue<QueryTarget>()

    func validate() -> [ConfigProblem] {
        var problems: [ConfigProblem] = []
        func add(_ path: String, _ message: String) { problems.append(ConfigProblem(path: path, message: message)) }

        if [address != nil, addresses != nil, url != nil].filter(\.self).count != 1 {
            add(address == nil ? "" : "address", "must have exactly one of address, addresses and url")
        }
        var parsed: PostgresURL?
        if let text = url?.reveal() {
            do throws(PostgresURL.Fault) {
                let url = try PostgresURL(text)
                for (name, field, own) in [
                    ("username", username, url.username), ("password", password?.reveal(), url.password?.reveal()),
                    ("database", database, url.database),
                ] where field != nil && own != nil {
                    add(name, "is in url, too; remove one of the two")
                }
                if url.role != nil, role != .any { add("role", "is in url, too; remove one of the two") }
                parsed = url
            } catch {
                add("url", error.message)
            }
        }
        problems += placeProblems(parsed)
        if url == nil || parsed != nil {
            if username ?? parsed?.username == nil {
                add("username", "is required: PostgreSQL has no user without a name")
            }
            if database ?? parsed?.database == nil { add("database", "is required") }
        }
        problems += textProblems
        return problems
    }

    private func placeProblems(_ url: PostgresURL?) -> [ConfigProblem] {
        var problems: [ConfigProblem] = []
        func add(_ path: String, _ message: String) { problems.append(ConfigProblem(path: path, message: message)) }

        if let address, ServerPlace(address) == nil { add("address", ServerPlace.rule) }
        if let addresses {
            if !(1...PostgresLimits.maxServers ~= addresses.count) {
                add("addresses", "must name from 1 to \(PostgresLimits.maxServers) servers")
            }
            for (index, address) in addresses.enumerated() where ServerPlace(address) == nil {
                add("addresses[\(index)]", ServerPlace.rule)
            }
        }
        if let tls {
            if ([address].compactMap(\.self) + (addresses ?? [])).contains(where: { ServerPlace($0)?.isSocket == true })
            {
                add("tls", "is not for a Unix socket; remove it")
            }
            if let mode = url?.tlsMode, !mode.isVerified || tls.insecureSkipVerify {
                add("tls", "and sslmode=\(mode.rawValue) in url contradict each other; remove one of the two")
            }
        }
        return problems
    }

    private var textProblems: [ConfigProblem] {
        var problems: [ConfigProblem] = []
        for (path, text) in [
            ("database", database), ("username", username), ("password", password?.reveal()), ("query", query),
        ] where text?.utf8.contains(0) == true {
            problems.append(ConfigProblem(path: path, message: "must not contain a NUL character"))
        }
        if query.allSatisfy({ $0.isWhitespace || $0 == ";" }) {
            problems.append(ConfigProblem(path: "query", message: "must be an SQL statement"))
        }
        return problems
    }
}

/// What the server has to be. Its raw value is libpq's.
enum ServerRole: String, CaseIterable, ConfigValue {
    case any
    case primary
    case standby
}

/// libpq's `sslmode`, but for `allow`.
enum TLSMode: String, CaseIterable, Hashable {
    case disable
    /// TLS if the server offers it.
    case prefer
    /// TLS with any server.
    case require
    case verifyCA = "verify-ca"
    case verifyFull = "verify-full"

    var isVerified: Bool { self == .verifyCA || self == .verifyFull }
}
