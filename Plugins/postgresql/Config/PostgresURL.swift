import PluginSDK
import SourceSupport

/// `postgresql://user[:password]@host[:port][,host[:port]...]/database[?parameter=value&...]`, also with `postgres://`.
///
/// Stricter than libpq, which takes the host from a parameter too: the host that `allowedAddresses` allows is the one
/// that is asked.
///
/// Source: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
struct PostgresURL {
    /// Never repeats the URL, which may hold a password.
    struct Fault: Error {
        let message: String
    }

    let hosts: [HostPort]
    let username: String?
    let password: Secret?
    let database: String?
    private(set) var tlsMode: TLSMode?
    private(set) var channelBinding: String?
    private(set) var role: ServerRole?

    init(_ text: String) throws(Fault) {
        guard let rest = Self.afterScheme(text) else {
            throw Fault(message: "must begin with postgresql:// or postgres://")
        }
        guard !rest.contains("#"), rest.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }) else {
            throw Fault(message: "must not contain #, \\ or blanks: a password encodes them as %23, %5C, %20")
        }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let tail = rest[authority.endIndex...]
        let path = tail.prefix { $0 != "?" }.dropFirst()
        let parts = authority.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count <= 2, let places = parts.last, !tail.contains("@") else {
            throw Fault(message: "has more than one @: a password encodes @ as %40, and / as %2F")
        }
        hosts = try Self.hosts(places)
        let user = parts.count == 2 ? parts[0] : ""
        let name = user.prefix { $0 != ":" }
        let word = user[name.endIndex...].dropFirst()
        guard !name.isEmpty || word.isEmpty else { throw Fault(message: "has a password without a user") }
        username = name.isEmpty ? nil : try Self.decoded(name)
        password = word.isEmpty ? nil : Secret(try Self.decoded(word))
        guard !path.contains("/") else {
            throw Fault(message: "may have only the database's name after the host: postgresql://host/database")
        }
        database = path.isEmpty ? nil : try Self.decoded(path)
        try takeParameters(tail.drop { $0 != "?" }.dropFirst())
    }

    private static func afterScheme(_ text: String) -> Substring? {
        let lowercased = text.lowercased()
        return ["postgresql://", "postgres://"].first(where: lowercased.hasPrefix).map { text.dropFirst($0.count) }
    }

    private static func hosts(_ text: Substring) throws(Fault) -> [HostPort] {
        let places = text.split(separator: ",", omittingEmptySubsequences: false)
        guard places.count <= PostgresLimits.maxServers else {
            throw Fault(message: "must name at most \(PostgresLimits.maxServers) hosts")
        }
        var hosts: [HostPort] = []
        for place in places {
            guard let host = HostPort(String(place), defaultPort: ServerPlace.defaultPort) else {
                throw Fault(
                    message: "must name a host, and after a colon its port, from 1 to 65535: "
                        + "postgresql://user@host:5432/database. A Unix socket goes into address")
            }
            hosts.append(host)
        }
        return hosts
    }

    private mutating func takeParameters(_ text: Substring) throws(Fault) {
        var seen: Set<String> = []
        for parameter in text.split(separator: "&") {
            let name = String(parameter.prefix { $0 != "=" })
            let value = try Self.decoded(parameter.dropFirst(name.count + 1))
            guard seen.insert(name).inserted else { throw Fault(message: "has a parameter twice") }
            switch name {
            case "sslmode":
                tlsMode = TLSMode(rawValue: value)
                if tlsMode == nil { throw Self.unknown(name, TLSMode.allCases.map(\.rawValue)) }
            case "channel_binding":
                guard ["disable", "prefer", "require"].contains(value) else {
                    throw Self.unknown(name, ["disable", "prefer", "require"])
                }
                channelBinding = value
            case "target_session_attrs":
                let roles: [String: ServerRole] = [
                    "any": .any, "primary": .primary, "read-write": .primary, "standby": .standby,
                    "read-only": .standby,
                ]
                role = roles[value]
                if role == nil { throw Self.unknown(name, roles.keys.sorted()) }
            // Of no use to a metric, and in the URLs that applications have.
            case "application_name", "connect_timeout": break
            default:
                throw Fault(
                    message: "has a parameter that is not supported; supported are sslmode, channel_binding and "
                        + "target_session_attrs, and application_name and connect_timeout are ignored")
            }
        }
    }

    private static func unknown(_ name: String, _ values: [String]) -> Fault {
        Fault(message: "has an unsupported value of \(name); supported are \(values.joined(separator: ", "))")
    }

    private static func decoded(_ text: Substring) throws(Fault) -> String {
        guard let decoded = Encoding.percentDecoded(text) else {
            throw Fault(message: "contains a % without two hexadecimal digits after it: encode a % as %25")
        }
        return decoded
    }
}
