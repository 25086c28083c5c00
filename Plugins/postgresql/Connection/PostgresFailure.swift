import CPostgres
import PluginSDK
import SourceSupport

/// The reason why a query got no answer.
struct PostgresFailure: Error {
    let error: PluginError
    /// Whether a new connection to the same server may do better.
    var isConnectionLost = false
    /// Whether another server may do better.
    var mayTryNext = false

    init(_ error: PluginError, isConnectionLost: Bool = false, mayTryNext: Bool = false) {
        self.error = error
        self.isConnectionLost = isConnectionLost
        self.mayTryNext = mayTryNext
    }

    static func unreachable(_ message: String, path: String? = nil) -> PostgresFailure {
        PostgresFailure(PluginError(.sourceUnreachable, message, path: path), isConnectionLost: true, mayTryNext: true)
    }

    /// A fault of the query's own.
    static func query(_ message: String) -> PostgresFailure {
        PostgresFailure(PluginError(.configInvalid, "the query \(message)", path: "query"))
    }

    static func tooLarge(_ place: String) -> PostgresFailure {
        PostgresFailure(
            PluginError(
                .configInvalid,
                "\(place) sends more than \(PostgresLimits.maxAnswerBytes >> 20) MiB in place of one number: check that it is a "
                    + "PostgreSQL server, and select one number", path: "query"))
    }

    /// A connection that ended under a query.
    static func lost(_ connection: PostgresConnection, _ error: SQLError? = nil) -> PostgresFailure {
        if let error, !error.state.isEmpty, !error.state.hasPrefix("08") {
            var failure = refused(error, connection.place, hasTime: true)
            failure.isConnectionLost = true
            return failure
        }
        return unreachable(
            "the connection to \(connection.place) was lost: \(text(error?.message ?? connection.lastMessage))")
    }

    /// A connection that was not established.
    ///
    /// - Parameter phase: what was being done.
    static func noConnection(_ connection: PostgresConnection, in phase: ConnStatusType) -> PostgresFailure {
        let (place, message) = (connection.place, connection.lastMessage)
        if let error = SQLError(connectionMessage: message) { return refused(error, place, hasTime: true) }
        if PQconnectionNeedsPassword(connection.handle) == 1 {
            return PostgresFailure(
                PluginError(
                    .authFailed, "\(place) needs a password, but the config has none: set password", path: "password")
            )
        }
        let reason = text(message)
        if phase == CONNECTION_STARTED || phase == CONNECTION_BAD {
            return .unreachable("no connection to \(place): \(reason). Check the address, and that the server runs")
        }
        let (role, mode) = (connection.lane.endpoint.role, connection.lane.endpoint.tlsMode)
        if role != .any, reason.contains("standby") {
            return .unreachable("\(place) does not have the role \(role.rawValue): \(reason)", path: "role")
        }
        let isAboutTLS =
            phase == CONNECTION_SSL_STARTUP || reason.contains("SSL") || reason.contains("certificate")
        // Where TLS is optional, a server that stumbles over it is most likely none of PostgreSQL.
        guard isAboutTLS, mode != .prefer else {
            return .unreachable("\(place) did not accept a session: \(reason). Check that it is a PostgreSQL server")
        }
        return .unreachable(
            "no trusted TLS connection to \(place): \(reason). Correct tls, or sslmode in url", path: "tls")
    }

    /// Returns libpq's message on one line, without its own beginning, which repeats the server.
    private static func text(_ message: String) -> String {
        let first = message.split(separator: "\n").first.map(String.init) ?? "no reason is known"
        return Quoting.shortened(first.firstRange(of: " failed: ").map { String(first[$0.upperBound...]) } ?? first)
    }
}

extension PostgresFailure {
    /// Returns what an error of the server means, by its SQLSTATE.
    ///
    /// - Parameter hasTime: whether the call has time left, so that its time limit is not the reason.
    static func refused(_ error: SQLError, _ place: String, hasTime: Bool) -> PostgresFailure {
        let message = described(error)
        func failure(_ kind: PluginError.Kind, _ text: String, path: String? = nil) -> PostgresFailure {
            PostgresFailure(PluginError(kind, text, path: path), mayTryNext: kind == .sourceUnreachable)
        }
        switch error.state {
        case "28P01":
            return failure(
                .authFailed, "\(place) refuses the user or the password: \(message). Correct username or password",
                path: "password")
        case _ where error.state.hasPrefix("28"):
            return failure(
                .authFailed,
                "\(place) refuses the user: \(message). Correct username and tls, or pg_hba.conf of the server",
                path: "username")
        case "42501":
            return failure(
                .authFailed,
                "the user lacks a privilege at \(place): \(message). Grant it, such as SELECT on the table, or "
                    + "use another user", path: "username")
        case "3D000": return failure(.configInvalid, "\(place): \(message). Correct database", path: "database")
        case "25001", "25006":
            return failure(
                .configInvalid,
                "the query writes, but runs in a read-only transaction: \(message). Use a query that only reads",
                path: "query")
        case "57014" where !hasTime:
            return failure(
                .deadlineExceeded,
                "\(place) did not finish the query in time and canceled it: \(message). Make the query "
                    + "faster, or raise timeoutSeconds of the metric")
        case "57014":
            return failure(.sourceUnreachable, "\(place) canceled the query: \(message). The next poll retries")
        case "53300":
            return failure(
                .sourceUnreachable,
                "\(place) takes no more connections: \(message). Raise max_connections of the server, or "
                    + "CONNECTION LIMIT of the user or the database")
        case "0A000", "21000", "P0001":
            return failure(.configInvalid, "the query fails: \(message). Correct the query", path: "query")
        // The protocol's violation is ours: the statement has a parameter, and no value is sent for it.
        case "08P01":
            return failure(
                .configInvalid, "the query fails: \(message). It must have no parameters, such as $1", path: "query")
        case "22012":
            return failure(
                .configInvalid, "the query fails: \(message). Use NULLIF(divisor, 0): NULL means no data", path: "query"
            )
        case _ where ["22", "42", "54"].contains(error.state.prefix(2)) || ["3F000", "26000"].contains(error.state):
            return failure(.configInvalid, "the query fails: \(message). Correct the query", path: "query")
        default: return failure(.sourceUnreachable, "\(place) reports an error: \(message). The next poll retries")
        }
    }

    private static func described(_ error: SQLError) -> String {
        let place = error.position.map { " at character \($0) of the query" } ?? ""
        return Quoting.shortened(error.message) + place + " (SQLSTATE \(Quoting.shortened(error.state)))"
    }
}
