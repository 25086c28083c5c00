import HTTPTransport
import PluginSDK
import SourceSupport

/// The reason why a command has no reply.
enum RedisFailure: Error {
    /// - `answered`: whether this connection has ever received a reply.
    case connection(HTTPError, RedisEndpoint, answered: Bool = false)
    case notRedis(String, RedisEndpoint, answered: Bool)
    case tooLarge(RedisEndpoint)
    /// Other large replies are being read.
    case busy(RedisEndpoint)
    /// The server sent an error and closed the connection before it had answered all commands.
    case hungUp(RedisError, RedisEndpoint)
    case refusedUser(RedisError, RedisEndpoint)
    case refusedDatabase(RedisError, RedisEndpoint)

    /// Whether another connection or server may succeed. The commands only read, so that repeating them is harmless.
    var isConnectionLost: Bool {
        switch self {
        case .connection(let error, _, _): [.nameLookup, .connect, .connectionLost].contains(error.kind)
        case .hungUp: true
        case .notRedis, .tooLarge, .busy, .refusedUser, .refusedDatabase: false
        }
    }

    var pluginError: PluginError {
        switch self {
        case .connection(let error, let server, let answered):
            Self.unreachable(error, server, answered: answered)
        case .notRedis(let reason, let server, let answered):
            PluginError(
                .sourceUnreachable,
                "\(server.address) does not answer in the Redis protocol (\(reason))"
                    + (answered || server.tls != nil ? ". Check the address" : Self.plaintextHint))
        case .tooLarge(let server):
            PluginError(
                .configInvalid,
                "the reply of \(server.address) is larger than \(RedisLimits.maxReplyBytes >> 20) MiB, or has more than "
                    + "\(RedisLimits.maxReplyElements) elements: read a smaller key")
        case .busy(let server):
            PluginError(
                .sourceUnreachable,
                "the reply of \(server.address) is larger than \(RedisLimits.smallReplyBytes >> 10) KiB, and the maximum number of "
                    + "replies of that size is being read. The next poll retries")
        case .hungUp(let error, let server): error.pluginError(server.address.description)
        case .refusedUser(let error, let server): Self.refused(error, server)
        case .refusedDatabase(let error, let server):
            error.concernsDatabase
                ? PluginError(
                    .configInvalid,
                    "\(server.address) refuses database \(server.database): \(Quoting.shortened(error.message))",
                    path: "database")
                : error.pluginError(server.address.description)
        }
    }

    private static let plaintextHint = ". It may expect TLS: use rediss://, or set tls"

    private static func unreachable(_ error: HTTPError, _ server: RedisEndpoint, answered: Bool) -> PluginError {
        switch error.kind {
        case .connectionLost where !answered && server.tls == nil:
            PluginError(.sourceUnreachable, error.message + plaintextHint)
        case .nameLookup, .connect, .connectionLost, .shutDown, .bodyTooLarge:
            PluginError(.sourceUnreachable, error.message)
        case .tls:
            PluginError(
                .sourceUnreachable,
                "\(error.message). If the port does not support TLS, use redis:// and omit tls", path: "tls")
        case .deadline: PluginError(.deadlineExceeded, "Redis did not answer in time: \(error.message)")
        case .invalidRequest: PluginError(.configInvalid, error.message)
        case .cancelled: PluginError(.cancelled, error.message)
        }
    }

    /// Converts an error reply to AUTH: by its code, or by its text for the unspecific `ERR`.
    private static func refused(_ error: RedisError, _ server: RedisEndpoint) -> PluginError {
        func refusal(_ message: String, path: String = "password") -> PluginError {
            PluginError(.authFailed, "\(server.address) \(message)", path: path)
        }
        let text = error.message.lowercased()
        switch error.code {
        case "WRONGPASS": return refusal("refuses the username or the password (WRONGPASS)")
        case "NOPERM", "NOAUTH": return refusal("refuses the user (\(error.code))", path: "username")
        case "ERR" where text.contains("unknown command"):
            // The server's text repeats the arguments, which include the password.
            return refusal(
                "does not know the command AUTH: it was renamed on the server, or a proxy answers. Remove password if the "
                    + "server needs none")
        case "ERR" where text.contains("wrong number of arguments"):
            return refusal("does not support usernames (before Redis 6): remove username", path: "username")
        case "ERR" where text.contains("invalid password"): return refusal("refuses the password (invalid password)")
        case "ERR" where text.contains("no password is set") || text.contains("without any password configured"):
            return refusal("has no password set: remove password, or set one on the server")
        default:
            let known = error.masking(server.password).pluginError("\(server.address) answers AUTH")
            let isRefusal = ["auth", "password", "user"].contains { text.contains($0) }
            guard error.code == "ERR", known.kind == .sourceUnreachable, isRefusal else { return known }
            return PluginError(.authFailed, known.message, path: "password")
        }
    }
}

extension RedisError {
    /// Converts an error reply to any command.
    ///
    /// Source of the codes: https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors and the
    /// server's own source, `shared.*` in server.c.
    ///
    /// - Parameter place: the server or the subject, for the message.
    func pluginError(_ place: String) -> PluginError {
        let said = "\(place): \(sentence)"
        switch code {
        case "NOAUTH": return PluginError(.authFailed, "\(said). Next: set password", path: "password")
        case "WRONGPASS": return PluginError(.authFailed, said, path: "password")
        case "NOPERM":
            return PluginError(
                .authFailed, "\(said). Next: allow the ACL user to run the command and read the key", path: "username")
        case "DENIED":
            return PluginError(.authFailed, "\(said.prefix(200)). Next: set a password on the server", path: "password")
        case "LOADING", "BUSY", "CLUSTERDOWN", "TRYAGAIN", "MASTERDOWN":
            return PluginError(.sourceUnreachable, "\(said). The next poll retries")
        case "MOVED", "ASK":
            return PluginError(
                .configInvalid,
                "\(place): the server is a node of a cluster, and another node has the key: set cluster: true",
                path: "cluster")
        case "ERR": return unspecificError(place, said)
        // OOM, READONLY, MISCONF, NOREPLICAS and similar errors prevent a server from writing; proxies send others.
        default: return PluginError(.sourceUnreachable, said)
        }
    }

    /// The server's message without the full stop that some servers append, because more text follows.
    private var sentence: String {
        let text = Quoting.shortened(message)
        if text.isEmpty { return "an error without a text" }
        return text.hasSuffix(".") && !text.hasSuffix("..") ? String(text.dropLast()) : text
    }

    /// Converts an `ERR`, which only its text specifies.
    private func unspecificError(_ place: String, _ said: String) -> PluginError {
        let text = message.lowercased()
        if text.contains("max number of clients") {
            return PluginError(
                .sourceUnreachable,
                "\(said). The server takes no further connection: raise its maxclients, or find the clients with many open "
                    + "(CLIENT LIST)")
        }
        if text.contains("unknown command") {
            // The rest of the server's message repeats the arguments.
            return PluginError(
                .configInvalid,
                "\(place): the server does not know the command: it is too old, or the command was renamed")
        }
        // A server with a password accepts only short commands from unauthenticated clients.
        if text.contains("unauthenticated") {
            return PluginError(.authFailed, "\(said). Next: set password", path: "password")
        }
        return PluginError(.sourceUnreachable, said)
    }

    /// Whether the error is about SELECT: `ERR DB index is out of range`, or the text of other versions, clusters and
    /// proxies.
    fileprivate var concernsDatabase: Bool {
        let text = message.lowercased()
        return code == "ERR" && ["db index", "database", "select is not allowed"].contains { text.contains($0) }
    }

    /// Returns the error with the password masked.
    fileprivate func masking(_ password: Secret?) -> RedisError {
        guard let password = password?.reveal(), !password.isEmpty else { return self }
        return RedisError(message.replacing(password, with: "***"))
    }
}
