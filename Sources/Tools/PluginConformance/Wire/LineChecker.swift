import PluginProtocol
import WireFormats

/// Checks one line of a plugin's standard output against the rules of framing.
enum LineChecker {
    enum Verdict {
        case blank
        case answer(id: Int64, Result<JSON, AnswerError>)
        /// An error with a null id.
        case unaddressed(AnswerError)
        case notification(method: String, params: JSON)
        /// A line that is not a message. `id` is that of the request that it seems to answer.
        case broken(Finding, id: Int64?)
    }

    static func check(_ line: [UInt8]) -> Verdict {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
        if line.allSatisfy(isBlank) { return .blank }
        if line.starts(with: [0xEF, 0xBB, 0xBF]) {
            return broken(line, .utf8, "the line begins with a byte order mark")
        }
        guard String(validating: line, as: UTF8.self) != nil else {
            return broken(line, .utf8, "the line is not UTF-8")
        }
        let json: JSON
        do throws(JSONSyntaxError) {
            json = try JSON(parsing: line)
        } catch {
            let cause = line.withUnsafeBytes { LineCause.of($0, error) }.map { "; \($0)" } ?? ""
            return isNumberThatJSONCannotSay(line, error)
                ? broken(
                    line, .finiteValue, "the value is not a finite number: \(error)\(cause)", fix: Fix.of(value: nil))
                : broken(line, .oneObjectPerLine, "the line is not JSON: \(error)\(cause)")
        }
        return message(json, line)
    }

    private static func broken(
        _ line: [UInt8], _ rule: RuleID, _ message: String, fix: String? = nil
    ) -> Verdict {
        .broken(Finding(rule, message, evidence: line, fix: fix), id: line.withUnsafeBytes { SalvagedID.find(in: $0) })
    }

    /// Returns whether the error is a number that JSON cannot represent: NaN and infinities, as many JSON libraries
    /// write them, and numbers such as 1e400.
    private static func isNumberThatJSONCannotSay(_ line: [UInt8], _ error: JSONSyntaxError) -> Bool {
        if error.message.contains("out of range") { return true }
        let text = String(decoding: line.dropFirst(error.offset).prefix(9), as: UTF8.self).lowercased()
        let before = line.prefix(error.offset).last { $0 != 0x20 }
        return before == UInt8(ascii: ":") && ["nan", "inf", "-inf", "-nan"].contains { text.hasPrefix($0) }
            || before == UInt8(ascii: "-") && ["nan", "inf"].contains { text.hasPrefix($0) }
    }

    private static func message(_ json: JSON, _ line: [UInt8]) -> Verdict {
        switch json {
        case .object: break
        case .array: return broken(line, .responseShape, "the line is an array: a plugin sends no batches")
        default: return broken(line, .oneObjectPerLine, "the line is \(json.shapeName), not an object")
        }
        guard json["jsonrpc"] == "2.0" else {
            return broken(
                line, .responseShape, "jsonrpc is not \"2.0\"", fix: #"write "jsonrpc": "2.0" into each message"#)
        }
        if let method = json["method"] { return notification(json, method, line) }
        guard let id = json["id"] else {
            return broken(line, .responseShape, "there is no id", fix: "copy the id of the request into the answer")
        }
        let result: Result<JSON, AnswerError>
        switch (json["result"], json["error"]) {
        case (let value?, nil): result = .success(value)
        case (nil, let error?): result = .failure(AnswerError(error))
        case (nil, nil):
            return broken(
                line, .responseShape, "there is neither result nor error",
                fix: #"write {"result": ...} or {"error": {"code": ..., "message": ...}}"#)
        case (.some, .some):
            return broken(
                line, .responseShape, "there are both result and error",
                fix: "omit the other one instead of writing null")
        }
        if id == .null, case .failure(let error) = result { return .unaddressed(error) }
        guard let number = id.intValue else {
            let number = id.stringValue.flatMap { Int($0) }.map { "write the number without quotes: \"id\": \($0)" }
            return broken(
                line, .oneAnswer, "the id is \(id.shapeName), which no request has",
                fix: number ?? "copy the id of the request as it came")
        }
        return .answer(id: Int64(number), result)
    }

    private static func notification(_ json: JSON, _ method: JSON, _ line: [UInt8]) -> Verdict {
        guard let name = method.stringValue else { return broken(line, .responseShape, "method is not a string") }
        guard json["id"] == nil else {
            return broken(line, .responseShape, "a plugin sends no requests, such as \(name)")
        }
        let params = json["params"] ?? [:]
        switch ProtocolMethod(rawValue: name) {
        case .log: break
        // Validated by the caller, who knows the subscriptions.
        case .reading: return .notification(method: name, params: params)
        case .subscriptionEnded:
            guard params["subscription"]?.intValue != nil, params["message"]?.stringValue != nil else {
                return broken(line, .responseShape, "subscription_ended requires params {subscription, message}")
            }
            return .notification(method: name, params: params)
        default: return broken(line, .responseShape, "a plugin sends no notification \(name)")
        }
        guard params["message"]?.stringValue != nil, params["level"].map({ $0.stringValue != nil }) ?? true else {
            return broken(line, .responseShape, "log requires params {level?, message}, both strings")
        }
        return .notification(method: name, params: params)
    }
}

/// The `error` of an answer as sent by the plugin.
struct AnswerError: Error, Hashable {
    let json: JSON

    init(_ json: JSON) {
        self.json = json
    }

    var code: Int? { json["code"]?.intValue }
    var kind: PluginError.Kind? { code.flatMap(PluginError.Kind.init(code:)) }
    var message: String { json["message"]?.stringValue ?? "" }

    /// A summary, such as `source_unreachable: no such host`.
    var summary: String {
        let name = kind?.rawValue ?? code.map { "error \($0)" } ?? "an error without a code"
        return "\(name): \(Evidence.text(Array(message.utf8)))"
    }

    /// What to write in place of a part that is wrong.
    var fix: String? {
        guard json.objectValue != nil else {
            return
                #"write {"code": 1003, "message": "what happened and what to do next"}, with a code of the protocol's table"#
        }
        if code == nil {
            let number = json["code"]?.stringValue.flatMap { Int($0) }
            return number.map { "write the number without quotes: \"code\": \($0)" }
                ?? #"write "code": and a number of the protocol's table, such as 1003"#
        }
        if kind == nil { return "write a code of the protocol's table, -32603 where none other fits" }
        if message.isEmpty { return #"write "message": "what happened and what to do next""# }
        return json["data"]?["retryable"]?.stringValue == nil ? nil : "write true or false without quotes"
    }

    /// Why it is not the error of the protocol page; nil if it is.
    var fault: String? {
        guard json.objectValue != nil else { return "error is \(json.shapeName), not an object" }
        guard let code else { return "error.code is not a whole number" }
        guard let kind else { return "error.code \(code) is not in the protocol's table" }
        guard !message.isEmpty else { return "error.message is missing or empty" }
        guard let data = json["data"], data != .null else { return nil }
        guard data.objectValue != nil else { return "error.data is \(data.shapeName), not an object" }
        if let name = data["kind"], name != .string(kind.rawValue) {
            return "error.data.kind is \(name), but \(code) is \(kind.rawValue)"
        }
        if let retryable = data["retryable"], retryable.boolValue == nil {
            return "error.data.retryable is not a boolean"
        }
        if let wait = data["retryAfterMs"], (wait.intValue ?? -1) < 0 {
            return "error.data.retryAfterMs is not a number of milliseconds"
        }
        if let path = data["path"], path.stringValue == nil { return "error.data.path is not a string" }
        return nil
    }
}
