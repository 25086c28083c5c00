import PluginProtocol
import WireFormats

/// Suggestions for plugin authors: what to write instead, for common faults.
enum Fix {
    /// - Parameters:
    ///   - error: what is wrong with one place of an answer.
    ///   - json: the answer.
    /// - Returns: nil if the error is clear without one.
    static func of(_ error: JSONPathError, in json: JSON) -> String? {
        let name = error.path.split(separator: ".").last.map(String.init) ?? error.path
        let found = value(at: error.path, in: json)
        if name == "observedAt" || name == "at" { return of(time: found) }
        if error.message == "is required" { return "write \"\(name)\": ... into the object" }
        guard let text = found?.stringValue else { return shape(error.message, name) }
        if error.message.contains("number"), Double(text) != nil {
            return "write the number without quotes: \"\(name)\": \(text)"
        }
        if error.message.contains("true or false"), ["true", "false"].contains(text.lowercased()) {
            return "write \(text.lowercased()) without quotes"
        }
        return shape(error.message, name)
    }

    private static func shape(_ message: String, _ name: String) -> String? {
        if message.hasPrefix("must be a string") { return "write \"\(name)\" as text in double quotes" }
        if message.hasPrefix("must be an array") { return "write \"\(name)\" as an array, also of one: [...]" }
        if name.hasPrefix("errors[") { return #"write each error as {"path": "field", "message": "what is wrong"}"# }
        return nil
    }

    /// For a `value` that is not a number.
    static func of(value: JSON?) -> String {
        if let text = value?.stringValue, Double(text)?.isFinite == true {
            return "write the number without quotes: \"value\": \(text)"
        }
        if let flag = value?.boolValue { return "write a number instead of \(flag), such as \(flag ? 1 : 0)" }
        if value?.arrayValue != nil || value?.objectValue != nil { return "write one number, such as \"value\": 7" }
        return #"answer {"error": {"code": 1006, "message": "why there is no value"}} instead of the result"#
    }

    private static func of(time: JSON?) -> String {
        let example = "\"\(RFC3339.text(microseconds: CheckContext.now(), precision: .seconds))\""
        switch time {
        case nil, .null: return "write \"observedAt\": \(example), the time at which the source had the value"
        case .integer, .number: return "write the time as text instead of seconds since 1970, such as \(example)"
        case .string(let text):
            if RFC3339.microseconds(text + "Z") != nil { return "add Z or an offset such as +02:00: \"\(text)Z\"" }
            if let zoned = withColon(text) { return "write the offset with a colon: \"\(zoned)\"" }
            if Double(text) != nil { return "write a date instead of seconds since 1970, such as \(example)" }
            if RFC3339.microseconds(text + "T00:00:00Z") != nil { return "add the time of day, such as \(example)" }
            return "write the time as \(example): date, T, time of day, and Z or an offset"
        default: return "write the time as text, such as \(example)"
        }
    }

    /// `2026-01-02T03:04:05+0200` with the colon that RFC 3339 requires; nil if something else is wrong too.
    private static func withColon(_ text: String) -> String? {
        guard text.utf8.count > 5 else { return nil }
        let zoned = "\(text.dropLast(2)):\(text.suffix(2))"
        return RFC3339.microseconds(zoned) == nil ? nil : zoned
    }

    /// The value at a path such as `metricTypes[0].type`; nil if there is none.
    private static func value(at path: String, in json: JSON) -> JSON? {
        path.split { $0 == "." || $0 == "[" }.reduce(json as JSON?) { found, step in
            step.hasSuffix("]") ? Int(step.dropLast()).flatMap { found?[$0] } : found?[String(step)]
        }
    }
}
