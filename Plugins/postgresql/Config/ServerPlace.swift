import SourceSupport

/// The place of a server: a host and port, or a Unix socket.
enum ServerPlace: Hashable, Sendable {
    case tcp(HostPort)
    /// libpq makes the name of a socket from its directory and a port.
    case socket(directory: String, port: Int)

    static let defaultPort = 5_432
    private static let socketScheme = "unix://"
    private static let socketName = ".s.PGSQL."

    static let rule =
        "must be host:port, such as postgres.shop:5432, with a port from 1 to 65535, or unix:// with the path of a socket, "
        + "such as unix:///run/postgresql/.s.PGSQL.5432; a URL with a database goes into url"

    /// Nil if the text is neither.
    init?(_ text: String) {
        guard text.hasPrefix(Self.socketScheme) else {
            guard let address = HostPort(text, defaultPort: Self.defaultPort) else { return nil }
            self = .tcp(address)
            return
        }
        let path = text.dropFirst(Self.socketScheme.count)
        guard path.hasPrefix("/"), !path.utf8.contains(0), let slash = path.lastIndex(of: "/"),
            !path.split(separator: "/").contains("..")
        else { return nil }
        let name = path[path.index(after: slash)...]
        guard name.hasPrefix(Self.socketName), let port = UInt16(name.dropFirst(Self.socketName.count)), port > 0,
            name == "\(Self.socketName)\(port)", slash > path.startIndex
        else { return nil }
        self = .socket(directory: String(path[..<slash]), port: Int(port))
    }

    var isSocket: Bool { host == nil }

    /// Nil for a socket.
    var host: String? {
        guard case .tcp(let address) = self else { return nil }
        return address.host
    }
}

extension ServerPlace: CustomStringConvertible {
    var description: String {
        switch self {
        case .tcp(let address): address.description
        case .socket(let directory, let port): "\(Self.socketScheme)\(directory)/\(Self.socketName)\(port)"
        }
    }
}
