import FoundationEssentials
import WireFormats

/// The string formats that the server validates; others are documentation only.
enum SchemaFormat {
    static func isValid(_ text: String, _ format: String) -> Bool {
        switch format {
        case "date-time": RFC3339.microseconds(text) != nil
        case "micro-time": isMicroTime(text)
        case "date": text.utf8.count == 10 && RFC3339.microseconds(text + "T00:00:00Z") != nil
        case "uuid": UUID(uuidString: text) != nil
        case "byte": Data(base64Encoded: text) != nil
        default: true
        }
    }

    /// Returns whether the text is a time with exactly six fraction digits, which some fields of built-in kinds
    /// require.
    private static func isMicroTime(_ text: String) -> Bool {
        guard RFC3339.microseconds(text) != nil, let point = text.utf8.firstIndex(of: UInt8(ascii: ".")) else {
            return false
        }
        let digits = text.utf8[text.utf8.index(after: point)...].prefix {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        }
        return digits.count == 6
    }
}

/// The patterns of schemas. The real server uses RE2; this supports the common subset.
enum SchemaPattern {
    static func isValid(_ pattern: String) -> Bool { (try? Regex(pattern)) != nil }

    static func matches(_ pattern: String, _ text: String) -> Bool {
        guard let regex = try? Regex(pattern) else { return true }
        return text.firstMatch(of: regex) != nil
    }
}
