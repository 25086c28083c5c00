import NIOSSL

/// The host name that a server's certificate must be for.
///
/// NIOSSL also accepts a certificate for the server's IP address in place of one for its name. A forged answer of a name
/// server could then lead to a server with a trusted certificate for its own address.
struct ServerName: Hashable, Sendable {
    private let labels: [Substring]

    init(_ host: String) {
        labels = Self.labels(host)
    }

    /// Returns whether the certificate, which NIOSSL has verified, is for this name.
    func isHeld(by certificate: NIOSSLCertificate) -> Bool {
        let names = certificate._subjectAlternativeNames()
        // Without any, NIOSSL has compared the name with the subject.
        return names.isEmpty
            || names.contains { name in
                name.nameType == .dnsName && matches(String(decoding: name.contents, as: UTF8.self))
            }
    }

    /// Returns whether a name in a certificate covers this one. A `*` stands for the whole first label.
    ///
    /// Source: https://www.rfc-editor.org/rfc/rfc9525#section-6.3
    func matches(_ name: String) -> Bool {
        let other = Self.labels(name)
        guard other.first == "*" else { return other == labels }
        return other.count > 1 && other.count == labels.count && other.dropFirst() == labels.dropFirst()
    }

    private static func labels(_ name: String) -> [Substring] {
        let labels = name.lowercased().split(separator: ".", omittingEmptySubsequences: false)
        return labels.last == "" ? labels.dropLast() : labels
    }
}
