import HTTPTransport
import PluginSDK

/// `redis://[user[:password]@]host[:port][/database]`, the same with `rediss://`, or `unix:///path/of/socket`.
///
/// Source: https://www.iana.org/assignments/uri-schemes/prov/redis
struct RedisURL {
    /// A fault in a URL. Never contains the URL, which may hold a password.
    struct Fault: Error {
        let message: String
    }

    let address: ByteConnection.Address
    let usesTLS: Bool
    let username: String?
    let password: Secret?
    let database: Int?

    init(_ text: String) throws(Fault) {
        guard let end = text.firstRange(of: "://") else {
            throw Fault(message: "must begin with redis://, rediss:// or unix://")
        }
        let rest = text[end.upperBound...]
        guard !rest.contains(where: { $0 == "?" || $0 == "#" }) else {
            throw Fault(
                message:
                    "must not contain ? or #: use the separate fields for options, and encode them in a password as %3F and %23"
            )
        }
        switch text[..<end.lowerBound].lowercased() {
        case "unix": try self.init(unix: rest)
        case "redis": try self.init(network: rest, usesTLS: false)
        case "rediss": try self.init(network: rest, usesTLS: true)
        default: throw Fault(message: "must begin with redis://, rediss:// or unix://")
        }
    }

    private init(unix rest: Substring) throws(Fault) {
        guard rest.hasPrefix("/"), !rest.utf8.contains(0) else {
            throw Fault(message: "must name the absolute path of a socket: unix:///path/of/socket")
        }
        address = .unix(path: try Self.decoded(rest))
        usesTLS = false
        username = nil
        password = nil
        database = nil
    }

    private init(network rest: Substring, usesTLS: Bool) throws(Fault) {
        let authority = rest.prefix { $0 != "/" }
        let path = rest[authority.endIndex...].drop { $0 == "/" }
        var host = authority
        var user: Substring?
        if let at = authority.lastIndex(of: "@") {
            user = authority[..<at]
            host = authority[authority.index(after: at)...]
        }
        guard let address = RedisAddress(String(host)) else {
            throw Fault(message: "must name a host, and after a colon its port, from 1 to 65535: redis://host:6379")
        }
        self.address = address.tcp
        self.usesTLS = usesTLS
        let name = user?.prefix { $0 != ":" } ?? ""
        let word = user.map { $0[name.endIndex...].dropFirst() } ?? ""
        guard name.isEmpty || !word.isEmpty else {
            throw Fault(message: "names a user without a password: write redis://user:password@host")
        }
        username = name.isEmpty ? nil : try Self.decoded(name)
        password = word.isEmpty ? nil : Secret(try Self.decoded(word))
        if path.isEmpty {
            database = nil
        } else {
            guard let number = UInt32(path) else {
                throw Fault(message: "may have only a database number after the host: redis://host/0")
            }
            database = Int(number)
        }
    }

    private static func decoded(_ text: Substring) throws(Fault) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            guard digits.utf8.count == 2, let value = UInt8(digits, radix: 16), value != 0 else {
                throw Fault(message: "contains a % without two hexadecimal digits after it: encode a % as %25")
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
