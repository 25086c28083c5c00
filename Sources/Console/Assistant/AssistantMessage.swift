import WireFormats

/// A message of the Model Context Protocol from a client.
///
/// Source: https://modelcontextprotocol.io/specification
struct AssistantMessage: Sendable {
    /// Nil for a notification.
    let id: JSON?
    let method: String
    let params: JSON

    /// A line that has no request, and its answer.
    struct Malformed: Error {
        let code: Int
        let message: String
        var id: JSON = .null
    }

    /// JSON-RPC's codes, and the one of MCP for versions.
    enum ErrorCode {
        static let parse = -32_700
        static let invalidRequest = -32_600
        static let unknownMethod = -32_601
        static let invalidParams = -32_602
        static let unsupportedVersion = -32_022
    }

    /// Reads one line; nil for an answer, which this server never asked for.
    init?(_ line: [UInt8]) throws(Malformed) {
        let json: JSON
        do throws(JSONSyntaxError) {
            let limits = JSONLimits(bytes: AssistantLimits.lineBytes, nodes: AssistantLimits.messageNodes)
            json = try JSON(parsing: line, limits: limits)
        } catch {
            throw Malformed(code: ErrorCode.parse, message: "the line is not JSON: \(error)")
        }
        guard let members = json.objectValue else {
            throw Malformed(
                code: ErrorCode.invalidRequest, message: "a message must be an object, not \(json.shapeName)")
        }
        let id = members["id"]
        // An identifier of another type is not quoted back.
        let known: JSON? = if let id, id.stringValue != nil || id.isInteger { id } else { .none }
        guard members["jsonrpc"] == "2.0" else {
            throw Malformed(code: ErrorCode.invalidRequest, message: "jsonrpc must be \"2.0\"", id: known ?? .null)
        }
        guard let method = members["method"] else {
            if members["result"] != nil || members["error"] != nil { return nil }
            throw Malformed(code: ErrorCode.invalidRequest, message: "method is required", id: known ?? .null)
        }
        guard let method = method.stringValue, id == nil || known != nil else {
            throw Malformed(
                code: ErrorCode.invalidRequest, message: "method must be a string, and id a string or a whole number",
                id: known ?? .null)
        }
        self.id = known
        self.method = method
        params = members["params"] ?? [:]
    }
}

extension JSON {
    fileprivate var isInteger: Bool {
        guard case .integer = self else { return false }
        return true
    }
}
