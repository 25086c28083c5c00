import HTTPTransport
import PluginSDK
import SourceSupport

/// What an answer says it is.
enum ContentType: Equatable {
    case json
    case openMetrics
    case html
    case other

    init(_ response: HTTPResponse) {
        let header = response.head.header("Content-Type") ?? ""
        let blanks: Set<Character> = [" ", "\t"]
        let type = header.prefix { $0 != ";" }.drop { blanks.contains($0) }.reversed().drop { blanks.contains($0) }
        let name = String(type.reversed()).lowercased()
        if name == "application/openmetrics-text" {
            self = .openMetrics
        } else if name == "text/html" || name == "application/xhtml+xml" {
            self = .html
        } else if name == "application/json" || name.hasSuffix("+json") || name.hasPrefix("application/x-amz-json") {
            self = .json
        } else {
            self = .other
        }
    }

    /// Returns the error for an answer that is not in the format that the config reads.
    func mismatch(_ response: HTTPResponse, expected: String, reason: String?) -> PluginError {
        let because = reason.map { " (\($0))" } ?? ""
        let quote = Quoting.quote(response.body)
        guard self == .html || Self.looksLikeHTML(response.body) else {
            return PluginError(
                .sourceUnreachable, "the answer is not \(expected)\(because): \(quote). Check url and format",
                path: "url")
        }
        return PluginError(
            .sourceUnreachable,
            "the answer is an HTML page and not \(expected), such as one of a login or a proxy: \(quote). Check url and "
                + "auth",
            path: "url")
    }

    private static func looksLikeHTML(_ body: [UInt8]) -> Bool {
        let start = body.prefix(256).drop { $0 <= 0x20 || $0 == 0xEF || $0 == 0xBB || $0 == 0xBF }.prefix(16)
        let text = String(decoding: start, as: UTF8.self).lowercased()
        return text.hasPrefix("<!doctype html") || text.hasPrefix("<html")
    }
}
