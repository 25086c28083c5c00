import HTTPTransport
import PluginSDK
import SourceSupport

/// Why a command got no reply.
enum RedisFailure: Error {
    /// - `answered`: whether this connection ever brought a reply.
    case connection(HTTPError, RedisEndpoint, answered: Bool = false)
    case notRedis(String, RedisEndpoint, answered: Bool)
    case tooLarge(RedisEndpoint)
    /// Other replies of that size are being read.
    case busy(RedisEndpoint)
    case refusedUser(RedisError, RedisEndpoint)
    case refusedDatabase(RedisError, RedisEndpoint)

    /// Whether another connection, or another server, may do better. The commands only read, so that sending them twice
    /// does no harm.
    var isConnectionLost: Bool {
        guard case .connection(let error, _, _) = self else { return false }
        return [.nameLookup, .connect, .connectionLost].contains(error.kind)
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
                    + "\(RedisLimits.maxReplyElements) elements: read something smaller")
        case .busy(let server):
            PluginError(
                .sourceUnreachable,
                "the reply of \(server.address) is larger than \(RedisLimits.smallReplyBytes >> 10) KiB, and as many of "
                    + "that size as may be are being read. It is asked again at the next poll")
        case .refusedUser(let error, let server): Self.refused(error, server)
        case .refusedDatabase(let error, let server):
            error.code == "ERR"
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
                "\(error.message). Where the port speaks no TLS, use redis:// and leave tls out", path: "tls")
        case .deadline: PluginError(.deadlineExceeded, "Redis did not answer in time: \(error.message)")
        case .invalidRequest: PluginError(.configInvalid, error.message)
        case .cancelled: PluginError(.cancelled, error.message)
        }
    }

    /// Not in the server's own words: where it does not know AUTH, they repeat the password.
    private static func refused(_ error: RedisError, _ server: RedisEndpoint) -> PluginError {
        switch error.code {
        case "WRONGPASS":
            PluginError(
                .authFailed, "\(server.address) refuses the username or the password (WRONGPASS)", path: "password")
        case "NOPERM", "NOAUTH":
            PluginError(.authFailed, "\(server.address) refuses the user (\(error.code))", path: "username")
        case "ERR":
            PluginError(
                .authFailed,
                "\(server.address) refuses AUTH. Either the password is wrong, or the server has none set, or it is "
                    + "older than Redis 6 and knows no usernames",
                path: "password")
        default: PluginError(.sourceUnreachable, "\(server.address) cannot log in now (\(error.code))")
        }
    }
}

extension RedisError {
    /// What an error reply to a reading command means.
    ///
    /// - Parameter place: Who said it, or about what.
    func pluginError(_ place: String) -> PluginError {
        let said = "\(place): \(Quoting.shortened(message))"
        return switch code {
        case "NOAUTH": PluginError(.authFailed, "\(said). Next: set password", path: "password")
        case "WRONGPASS": PluginError(.authFailed, said, path: "password")
        case "NOPERM":
            PluginError(
                .authFailed, "\(said). Next: let the ACL user run the command and read the key", path: "username")
        case "DENIED":
            PluginError(.authFailed, "\(said.prefix(200)). Next: set a password on the server", path: "password")
        case "LOADING", "BUSY", "CLUSTERDOWN", "TRYAGAIN", "MASTERDOWN":
            PluginError(.sourceUnreachable, "\(said). It is asked again at the next poll")
        case "MOVED", "ASK":
            PluginError(
                .configInvalid, "\(place) is a node of a cluster, and another has the key: set cluster: true",
                path: "cluster")
        case "ERR" where message.lowercased().contains("unknown command"):
            // What follows in the server's words are the arguments.
            PluginError(
                .configInvalid,
                "\(place): the server does not know the command: it is too old, or the command was renamed")
        default: PluginError(.sourceUnreachable, said)
        }
    }
}
