import HTTPTransport
import SourceSupport

/// The URL of a signed request: AWS decodes and encodes the query before it verifies a signature, and the path of a
/// request for S3, so that a client that sends other encodings would sign another text.
struct SignedTarget {
    let scheme: String
    /// The value of the Host header.
    let host: String
    let path: String
    let query: String?

    var url: String { "\(scheme)://\(host)\(path)\(query.map { "?\($0)" } ?? "")" }

    init(of url: String) throws(HTTPError) {
        let parts = try URLParts(parsing: url)
        scheme = parts.scheme
        // The scheme's default port is omitted, as in the Host header of other clients.
        host = parts.effectivePort == (parts.isTLS ? "443" : "80") ? parts.host : parts.authority
        path = Self.path(parts.path)
        query = parts.query.flatMap { $0.isEmpty ? nil : Self.query($0) }
    }

    /// Returns the path with each segment encoded in one way. libcurl has removed dot segments, except encoded ones.
    private static func path(_ path: String) -> String {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(reencoded)
        var segments: [String] = []
        for part in parts where part != "." {
            if part == ".." { _ = segments.popLast() } else { segments.append(part) }
        }
        if let last = parts.last, last == "." || last == ".." { segments.append("") }
        return "/" + segments.joined(separator: "/")
    }

    /// Returns the fields of a query encoded in one way, and sorted by name and value.
    static func query(_ query: String) -> String {
        let fields = query.split(separator: "&").map { field in
            let pair = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            // A plus sign is a blank, as in forms.
            let encoded = pair.map { reencoded($0.replacing("+", with: " ")) }
            return (name: encoded[0], value: encoded.count == 2 ? encoded[1] : "")
        }
        return fields.sorted { ($0.name, $0.value) < ($1.name, $1.value) }
            .map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }

    /// Returns a text with everything except unreserved characters percent-encoded, exactly once. A percent sign that
    /// encodes nothing stands for itself.
    private static func reencoded(_ text: some StringProtocol) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = Encoding.byte(ofHexDigits: rest.prefix(2)) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return Encoding.percentEncoded(bytes: bytes)
    }
}
