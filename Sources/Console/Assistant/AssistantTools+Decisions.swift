import ScalerAPI
import Scaling
import WireFormats

extension AssistantTools {
    /// What the operator's API returns at most.
    private enum Kept {
        static let ofScaler = 500
        static let all = 1_000
    }

    private static let defaultPeriod: Duration = .seconds(3_600)

    func listDecisions(_ arguments: JSONReader) async throws -> [String: JSON] {
        let namespace = try arguments.optional("namespace")?.objectName()
        let key = try arguments.optional("name") == nil ? nil : arguments.scaler()
        let limit =
            try arguments.optional("limit")?.int(in: AssistantLimits.decisions) ?? AssistantLimits.defaultDecisions
        let to = try arguments.optional("to")?.timestamp() ?? now
        let from = try arguments.optional("from")?.timestamp() ?? to + (.zero - Self.defaultPeriod)
        guard from < to else { throw Failure(message: "from must be earlier than to") }
        let answer = if let key { try await scaler(key) } else { try await read("v1/decisions") }
        let kept = answer["decisions"]?.arrayValue ?? []
        let found = kept.filter { decision in
            guard let time = decision.time else { return false }
            return from <= time && time <= to
                && (namespace == nil || key != nil || decision["namespace"] == .string(namespace ?? ""))
        }
        var result = head(answer)
        result["from"] = .string(from.rfc3339())
        result["to"] = .string(to.rfc3339())
        result["found"] = .integer(Int64(found.count))
        // The newest ones, which explain the present.
        result["decisions"] = .array(found.suffix(limit))
        let isCut = kept.count >= (key == nil ? Kept.all : Kept.ofScaler)
        let begin = [answer["since"]?.stringValue.flatMap(Timestamp.init(rfc3339:)), isCut ? kept.first?.time : nil]
            .compactMap { $0 }.max()
        if let begin, from < begin {
            result["incompleteBefore"] = .string(begin.rfc3339())
        }
        return result
    }
}

extension JSON {
    /// The time of a decision.
    fileprivate var time: Timestamp? { self["time"]?.stringValue.flatMap(Timestamp.init(rfc3339:)) }
}

extension JSONReader {
    fileprivate func timestamp() throws(JSONPathError) -> Timestamp {
        let text = try string()
        guard let time = Timestamp(rfc3339: text) else {
            throw error("must be a time such as 2026-01-02T03:04:05Z, not \"\(text.shortened(to: 64))\"")
        }
        return time
    }
}
