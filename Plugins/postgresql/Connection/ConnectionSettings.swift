import CPostgres
import HTTPTransport
import PluginSDK
import SourceSupport

/// A server's place with its name looked up.
struct DialTarget {
    let place: ServerPlace
    /// As a number; nil for a socket.
    let address: String?

    /// Blocks its thread for the lookup of a name.
    static func all(
        of place: ServerPlace, peers: PeerRule, _ call: QueryCall
    ) throws(PostgresFailure) -> [DialTarget] {
        guard case .tcp(let tcp) = place else { return [DialTarget(place: place, address: nil)] }
        call.enter(.lookup(host: tcp.host))
        do throws(HostLookup.Failure) {
            return try HostLookup.addresses(of: tcp, allowedBy: peers, limit: PostgresLimits.maxAddressesPerName)
                .map { DialTarget(place: place, address: $0) }
        } catch {
            throw .unreachable(error.message)
        }
    }
}

/// Every setting that libpq would otherwise take from the environment or the home directory.
struct ConnectionSettings {
    private let pairs: [(name: String, value: String)]

    init(_ endpoint: PostgresEndpoint, _ target: DialTarget, _ files: borrowing CertificateFiles) {
        var pairs = [
            ("dbname", endpoint.database), ("user", endpoint.username), ("passfile", CertificateFiles.none),
            ("application_name", "generalscaler"), ("client_encoding", "UTF8"), ("gssencmode", "disable"),
            ("target_session_attrs", endpoint.role.rawValue), ("sslrootcert", files.authorities),
            ("sslcert", files.certificate), ("sslkey", files.key),
        ]
        if let password = endpoint.password { pairs.append(("password", password.reveal())) }
        if let binding = endpoint.channelBinding { pairs.append(("channel_binding", binding)) }
        switch target.place {
        case .tcp(let tcp):
            // The name is what is verified; the address is where the connection goes.
            pairs += [
                ("host", endpoint.tls?.serverName ?? tcp.host), ("hostaddr", target.address ?? ""),
                ("port", "\(tcp.port)"), ("sslmode", endpoint.tlsMode.rawValue),
            ]
        case .socket(let directory, let port):
            pairs += [("host", directory), ("port", "\(port)"), ("sslmode", TLSMode.disable.rawValue)]
        }
        self.pairs = pairs
    }

    /// Starts a connection, without waiting for it.
    func start() -> OpaquePointer? {
        withCStrings(pairs.map(\.name)) { names in
            withCStrings(pairs.map(\.value)) { values in PQconnectStartParams(names, values, 0) }
        }
    }

    /// The pointers, with a null at the end, live until the closure ends.
    private func withCStrings<Value>(
        _ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Value
    ) -> Value {
        let copies = texts.map { Array($0.utf8CString) }
        let all = copies.flatMap(\.self)
        return all.withUnsafeBufferPointer { buffer in
            var offset = 0
            var pointers: [UnsafePointer<CChar>?] = []
            for copy in copies {
                pointers.append(buffer.baseAddress?.advanced(by: offset))
                offset += copy.count
            }
            return body(pointers + [nil])
        }
    }
}
