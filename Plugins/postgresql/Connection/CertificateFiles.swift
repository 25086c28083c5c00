import Glibc
import HTTPTransport
import PluginSDK
import SourceSupport

/// Certificates and the key as files, which is how libpq takes them: in the plugin's own temporary directory, readable by
/// nobody else, until the connection is established.
struct CertificateFiles: ~Copyable {
    /// A path of no file: libpq would take one below the home directory in place of none.
    static let none = "/nonexistent"
    /// Debian's, unless the environment names another file.
    private static let systemAuthorities = "/etc/ssl/certs/ca-certificates.crt"

    private(set) var authorities = none
    private(set) var certificate = none
    private(set) var key = none
    private var made: [String] = []

    init(_ endpoint: PostgresEndpoint) throws(PostgresFailure) {
        let tls = endpoint.tls
        if endpoint.tlsMode.isVerified {
            if let bytes = tls?.certificateAuthorities {
                authorities = try file(bytes)
            } else {
                authorities = getenv("SSL_CERT_FILE").map { String(cString: $0) } ?? Self.systemAuthorities
            }
        }
        if let bytes = tls?.clientCertificate { certificate = try file(bytes) }
        if let bytes = tls?.clientKey { key = try file(bytes) }
    }

    deinit {
        for path in made { unlink(path) }
    }

    private mutating func file(_ bytes: [UInt8]) throws(PostgresFailure) -> String {
        let directory = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(directory)/tls-XXXXXX".utf8CString)
        // With a mode of 0600.
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else {
            throw .unreachable(
                "no file for a certificate can be made in \(directory): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        made.append(path)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else {
                throw .unreachable(
                    "a certificate cannot be written to \(directory): \(String(cString: strerror(errno)))")
            }
            rest = rest.dropFirst(count)
        }
        return path
    }
}
