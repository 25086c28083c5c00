import WireFormats

/// The state of one connection with a client: decides what to do with each message.
struct AssistantSession: Sendable {
    /// Versions that begin with `initialize`. 2025-03-26 is missing: it alone has batches of messages.
    static let handshakeVersions = ["2024-11-05", "2025-06-18", "2025-11-25"]
    /// Versions without a handshake, in which each request names its version.
    static let requestVersions = ["2026-07-28"]

    enum MetaKey {
        static let version = "io.modelcontextprotocol/protocolVersion"
        static let capabilities = "io.modelcontextprotocol/clientCapabilities"
        static let server = "io.modelcontextprotocol/serverInfo"
    }

    /// What the server does with a message.
    enum Action: Sendable, Equatable {
        case reply(JSON)
        case call(Call)
        /// Cancel the call with that identifier, which then has no answer.
        case cancel(id: JSON)
        case nothing
    }

    /// A call of a tool.
    struct Call: Sendable, Equatable {
        let id: JSON
        let tool: String
        let arguments: JSON
        /// Whether its version has no handshake.
        let isSelfContained: Bool
    }

    private let server: JSON
    private let tools: [JSON]
    private let toolNames: Set<String>
    private var isInitialized = false

    /// - Parameter version: of this program.
    init(version: String, tools: [JSON]) {
        server = ["name": "generalscaler", "title": "GeneralScaler", "version": .string(version)]
        self.tools = tools
        toolNames = Set(tools.compactMap { $0["name"]?.stringValue })
    }

    private static let instructions = """
        Answers questions about GeneralScaler, which scales Kubernetes workloads on metrics. All tools only read. Begin with \
        list_scalers; explain_scaler has the reason for the replicas of one scaler. Each answer has its time, and \
        `since`: before that time the operator's memory has nothing.
        """

    mutating func take(_ line: [UInt8]) -> Action {
        let message: AssistantMessage
        do throws(AssistantMessage.Malformed) {
            guard let parsed = try AssistantMessage(line) else { return .nothing }
            message = parsed
        } catch {
            return .reply(Self.failure(error.id, error.code, error.message))
        }
        guard let id = message.id else { return notified(message) }
        guard message.params.objectValue != nil else {
            return .reply(Self.failure(id, AssistantMessage.ErrorCode.invalidParams, "params must be an object"))
        }
        let meta = message.params["_meta"]
        guard message.method != "initialize", meta?[MetaKey.version] != nil || message.method == "server/discover"
        else {
            return shaken(message, id)
        }
        return selfContained(message, id, meta ?? [:])
    }

    private func notified(_ message: AssistantMessage) -> Action {
        guard message.method == "notifications/cancelled", let id = message.params["requestId"] else { return .nothing }
        return .cancel(id: id)
    }

    // MARK: Versions with a handshake

    private mutating func shaken(_ message: AssistantMessage, _ id: JSON) -> Action {
        switch message.method {
        case "initialize":
            guard let wanted = message.params["protocolVersion"]?.stringValue else {
                return .reply(
                    Self.failure(id, AssistantMessage.ErrorCode.invalidParams, "protocolVersion must be a string"))
            }
            isInitialized = true
            let version = Self.handshakeVersions.contains(wanted) ? wanted : Self.handshakeVersions.last ?? ""
            return .reply(
                Self.result(
                    id,
                    [
                        "protocolVersion": .string(version), "capabilities": ["tools": [:]], "serverInfo": server,
                        "instructions": .string(Self.instructions),
                    ]))
        case "ping": return .reply(Self.result(id, [:]))
        default: break
        }
        guard isInitialized else {
            return .reply(
                Self.failure(
                    id, AssistantMessage.ErrorCode.invalidRequest,
                    "initialize must be the first request, or each request must have \(MetaKey.version) in _meta"))
        }
        return served(message, id, isSelfContained: false)
    }

    // MARK: Versions without a handshake

    private func selfContained(_ message: AssistantMessage, _ id: JSON, _ meta: JSON) -> Action {
        guard let version = meta[MetaKey.version]?.stringValue, meta[MetaKey.capabilities]?.objectValue != nil else {
            return .reply(
                Self.failure(
                    id, AssistantMessage.ErrorCode.invalidParams,
                    "params._meta must have \(MetaKey.version), a string, and \(MetaKey.capabilities), an object"))
        }
        guard Self.requestVersions.contains(version) else {
            let supported = Self.handshakeVersions + Self.requestVersions
            return .reply(
                Self.failure(
                    id, AssistantMessage.ErrorCode.unsupportedVersion,
                    "the version is not supported",
                    data: ["supported": .array(supported.map(JSON.string)), "requested": .string(version)]))
        }
        guard message.method == "server/discover" else { return served(message, id, isSelfContained: true) }
        return .reply(
            completed(
                id,
                [
                    "supportedVersions": .array(Self.requestVersions.map(JSON.string)), "capabilities": ["tools": [:]],
                    "instructions": .string(Self.instructions),
                    "ttlMs": .integer(Int64(AssistantLimits.listMilliseconds)),
                    "cacheScope": "public",
                ], isSelfContained: true))
    }

    // MARK: Tools

    private func served(_ message: AssistantMessage, _ id: JSON, isSelfContained: Bool) -> Action {
        switch message.method {
        case "tools/list":
            guard message.params["cursor"] ?? .null == .null else {
                return .reply(
                    Self.failure(id, AssistantMessage.ErrorCode.invalidParams, "unknown cursor: the list has one page"))
            }
            var list: [String: JSON] = ["tools": .array(tools)]
            if isSelfContained {
                list["ttlMs"] = .integer(Int64(AssistantLimits.listMilliseconds))
                list["cacheScope"] = "public"
            }
            return .reply(completed(id, list, isSelfContained: isSelfContained))
        case "tools/call":
            let arguments = message.params["arguments"] ?? [:]
            guard let name = message.params["name"]?.stringValue, arguments.objectValue != nil else {
                return .reply(
                    Self.failure(
                        id, AssistantMessage.ErrorCode.invalidParams, "name must be a string, and arguments an object"))
            }
            guard toolNames.contains(name) else {
                let quoted = name.cleaned.shortened(to: AssistantLimits.quotedCharacters)
                return .reply(
                    Self.failure(
                        id, AssistantMessage.ErrorCode.invalidParams,
                        "unknown tool: \(quoted). Tools: \(toolNames.sorted().joined(separator: ", "))"))
            }
            return .call(Call(id: id, tool: name, arguments: arguments, isSelfContained: isSelfContained))
        default:
            let quoted = message.method.cleaned.shortened(to: AssistantLimits.quotedCharacters)
            return .reply(Self.failure(id, AssistantMessage.ErrorCode.unknownMethod, "unknown method: \(quoted)"))
        }
    }

    /// Returns the answer to a call.
    func answer(to call: Call, _ answer: AssistantTools.Answer) -> JSON {
        completed(
            call.id,
            [
                "content": [["type": "text", "text": .string(answer.json.description)]],
                "isError": .bool(answer.isError),
            ], isSelfContained: call.isSelfContained)
    }

    // MARK: Answers

    private func completed(_ id: JSON, _ members: [String: JSON], isSelfContained: Bool) -> JSON {
        guard isSelfContained else { return Self.result(id, members) }
        var members = members
        members["resultType"] = "complete"
        members["_meta"] = [MetaKey.server: server]
        return Self.result(id, members)
    }

    private static func result(_ id: JSON, _ members: [String: JSON]) -> JSON {
        ["jsonrpc": "2.0", "id": id, "result": .object(members)]
    }

    static func failure(_ id: JSON, _ code: Int, _ message: String, data: JSON? = nil) -> JSON {
        var error: [String: JSON] = ["code": .integer(Int64(code)), "message": .string(message.cleaned)]
        error["data"] = data
        return ["jsonrpc": "2.0", "id": id, "error": .object(error)]
    }
}
