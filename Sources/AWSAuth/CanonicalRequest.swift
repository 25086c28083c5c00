import HTTPTransport
import SourceSupport

/// The form of a request from which AWS and its clients compute the same signature.
///
/// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#create-canonical-request
struct CanonicalRequest {
    /// Headers that proxies and the transport change.
    private static let unsigned: Set<String> = [
        "accept-encoding", "authorization", "connection", "expect", "transfer-encoding", "user-agent",
        "x-amzn-trace-id",
    ]

    /// The names of the signed headers, with semicolons between them.
    let signedHeaders: String
    /// The canonical request.
    let text: String

    /// - Parameters:
    ///   - path: as it is sent.
    ///   - query: as it is sent, without the question mark.
    ///   - payloadHash: the SHA-256 digest of the body in hexadecimal digits.
    ///   - isStorage: whether the request is for S3.
    init(
        method: String, path: String, query: String?, headers: [HTTPHeader], payloadHash: String, isStorage: Bool
    ) {
        var values: [String: [String]] = [:]
        for header in headers where !Self.unsigned.contains(header.name.lowercased()) {
            values[header.name.lowercased(), default: []].append(Self.collapsed(header.value))
        }
        let names = values.keys.sorted()
        signedHeaders = names.joined(separator: ";")
        let lines = names.map { "\($0):\(values[$0, default: []].joined(separator: ","))\n" }.joined()
        text = [
            method, isStorage ? path : Self.encodedPath(path), SignedTarget.query(query ?? ""), lines, signedHeaders,
            payloadHash,
        ].joined(separator: "\n")
    }

    /// Returns a header's value without blanks around it, and with one blank in place of several.
    private static func collapsed(_ value: String) -> String {
        value.utf8.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }.map { String(Substring($0)) }
            .joined(separator: " ")
    }

    /// Returns a path without empty and dot segments, encoded once more than it is sent.
    private static func encodedPath(_ path: String) -> String {
        var segments: [Substring] = []
        for segment in path.split(separator: "/") {
            switch segment {
            case ".": continue
            case "..": _ = segments.popLast()
            default: segments.append(segment)
            }
        }
        let end = segments.isEmpty || !path.hasSuffix("/") ? "" : "/"
        return "/" + segments.map { Encoding.percentEncoded(String($0)) }.joined(separator: "/") + end
    }
}
