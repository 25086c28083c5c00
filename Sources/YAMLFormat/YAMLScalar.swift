import WireFormats
import Yams

/// The value of a scalar in kubectl: by the rules of YAML 1.1, without those that its library omits (base 60, dates).
///
/// Source: the resolver of sigs.k8s.io/yaml, compared with kubectl in a table test.
enum YAMLScalar {
    static func json(_ scalar: Node.Scalar) throws(YAMLDocument.Failure) -> JSON {
        let text = scalar.string
        switch Tag.Name(rawValue: scalar.tag.rawValue) {
        case .implicit:
            return try resolved(scalar)
        case .null, .bool, .int, .float:
            return try tagged(scalar)
        case .binary:
            guard let bytes = base64(text) else { throw mismatch(scalar, "!!binary") }
            return .string(String(decoding: bytes, as: UTF8.self))
        default:
            return .string(text)
        }
    }

    /// Returns the member name of a key: `16` for `0x10`, and `true` for `yes`.
    static func name(_ key: Node) throws(YAMLDocument.Failure) -> String {
        let problem = invalidKey(key, line: key.mark?.line)
        guard let scalar = key.scalar else { throw problem }
        guard scalar.style == .plain else { return scalar.string }
        switch try resolved(scalar) {
        case .string(let text): return text
        case .null: throw problem
        case let value: return value.description
        }
    }

    /// The error for a key that is no scalar. `{{ value }}` of a template is a mapping with a mapping as its key.
    static func invalidKey(_ key: Node, line: Int?) -> YAMLDocument.Failure {
        YAMLDocument.Failure(
            key.mapping == nil
                ? "has a key that is not a string"
                : "has a mapping as a key: if this is a Helm template, render it with `helm template` first", line: line
        )
    }

    static func isMergeKey(_ key: Node) -> Bool {
        guard let scalar = key.scalar else { return false }
        return scalar.style == .plain && scalar.string == "<<"
    }

    /// Returns a value with an explicit type, such as `!!int "5"`, or one that Yams has determined while comparing
    /// keys.
    private static func tagged(_ scalar: Node.Scalar) throws(YAMLDocument.Failure) -> JSON {
        let tag = Tag.Name(rawValue: scalar.tag.rawValue)
        switch (tag, try resolved(scalar)) {
        case (.null, .null): return .null
        case (.bool, .bool(let flag)): return .bool(flag)
        case (.int, .integer(let number)): return .integer(number)
        case (.float, .integer(let number)): return .number(Double(number))
        case (.float, .number(let number)), (.int, .number(let number)): return .number(number)
        // Base-60 numbers of YAML 1.1.
        case (.int, .string(let text)) where text.contains(":"): return .string(text)
        case (.float, .string(let text)) where text.contains(":"): return .string(text)
        default: throw mismatch(scalar, "!!\(tag.rawValue.split(separator: ":").last ?? "")")
        }
    }

    private static let base64Digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static func base64(_ text: String) -> [UInt8]? {
        let digits = text.utf8.filter { $0 > 0x20 }
        let padding = digits.suffix(2).filter { $0 == UInt8(ascii: "=") }.count
        guard digits.count.isMultiple(of: 4) else { return nil }
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        for (index, digit) in digits.dropLast(padding).enumerated() {
            guard let value = base64Digits.firstIndex(of: digit) else { return nil }
            bits = bits << 6 | UInt32(value)
            // Each digit after the first of four completes a byte.
            let shift = UInt32(6 - 2 * (index % 4))
            if index % 4 > 0 { bytes.append(UInt8(truncatingIfNeeded: bits >> shift)) }
        }
        return bytes
    }

    private static func mismatch(_ scalar: Node.Scalar, _ tag: String) -> YAMLDocument.Failure {
        YAMLDocument.Failure(
            "is not valid YAML", line: scalar.mark?.line, detail: "a value is not what its tag \(tag) says")
    }

    private static func resolved(_ scalar: Node.Scalar) throws(YAMLDocument.Failure) -> JSON {
        let text = scalar.string
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON": return true
        case "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF": return false
        case ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF":
            throw YAMLDocument.Failure("has a number that is not finite", line: scalar.mark?.line)
        default: break
        }
        guard let first = text.utf8.first, "+-.0123456789".utf8.contains(first) else { return .string(text) }
        let plain = first == UInt8(ascii: ".") ? text : text.filter { $0 != "_" }
        return number(plain) ?? .string(text)
    }

    private static func number(_ text: String) -> JSON? {
        if let whole = wholeNumber(text) { return whole }
        guard text.utf8.allSatisfy("+-.0123456789eE".utf8.contains), let number = Double(text), number.isFinite else {
            return nil
        }
        return .number(number)
    }

    private static func wholeNumber(_ text: String) -> JSON? {
        var digits = text[...]
        let isNegative = digits.first == "-"
        if isNegative || digits.first == "+" { digits = digits.dropFirst() }
        var radix = 10
        if digits.first == "0", digits.count > 1 {
            switch digits.dropFirst().first {
            case "x", "X": (radix, digits) = (16, digits.dropFirst(2))
            case "b", "B": (radix, digits) = (2, digits.dropFirst(2))
            case "o", "O": (radix, digits) = (8, digits.dropFirst(2))
            default: (radix, digits) = (8, digits.dropFirst())
            }
        }
        guard digits.first?.isHexDigit == true, let magnitude = UInt64(digits, radix: radix) else { return nil }
        if isNegative {
            return magnitude <= 1 << 63 ? .integer(Int64(truncatingIfNeeded: 0 &- magnitude)) : nil
        }
        return Int64(exactly: magnitude).map(JSON.integer) ?? .number(Double(magnitude))
    }
}
