import WireFormats

/// A `get_metric_value` request in exactly the form that GeneralScaler's host writes.
///
/// Nearly all lines have this form, which is read without building a ``JSON``: the bytes around the config are
/// compared, and the config remains text, which is decoded once and cached. The general reader decodes any other form.
struct CallLine: Equatable {
    let id: Int64
    let config: ConfigText
    let targetType: TargetType
    let deadlineMs: Int

    /// Returns the part between the id and the config.
    static func middle(metricType: String) -> [UInt8] {
        Array(#","method":"get_metric_value","params":{"type":"#.utf8)
            + JSON.string(metricType).encoded(escapesNonASCII: true)
            + Array(#","config":"#.utf8)
    }

    private static let head = Array(#"{"jsonrpc":"2.0","id":"#.utf8)
    private static let afterConfig: [(targetType: TargetType, text: [UInt8])] = TargetType.allCases.map {
        ($0, Array(#","targetType":"\#($0.rawValue)","deadlineMs":"#.utf8))
    }
    private static let tail = Array("}}".utf8)

    init?(_ line: ArraySlice<UInt8>, middle: [UInt8]) {
        var start = line.startIndex
        var end = line.endIndex
        guard line.take(Self.head, at: &start), let id = line.takeNumber(at: &start),
            line.take(middle, at: &start), line.takeLast(Self.tail, at: &end),
            let deadlineMs = line.takeLastNumber(at: &end, above: start),
            let targetType = Self.afterConfig.first(where: { line.takeLast($0.text, at: &end) })?.targetType,
            start < end, line[start..<end].isOneObject, deadlineMs > 0, deadlineMs <= Int32.max
        else { return nil }
        self.id = id
        self.deadlineMs = Int(deadlineMs)
        self.targetType = targetType
        config = ConfigText(line[start..<end])
    }
}

extension ArraySlice<UInt8> {
    /// The maximum digits of a number, which always fits 64 bits.
    private static var maxDigits: Int { 18 }

    fileprivate func take(_ text: [UInt8], at index: inout Int) -> Bool {
        guard endIndex - index >= text.count, matches(text, at: index) else { return false }
        index += text.count
        return true
    }

    fileprivate func takeLast(_ text: [UInt8], at end: inout Int) -> Bool {
        guard end - startIndex >= text.count, matches(text, at: end - text.count) else { return false }
        end -= text.count
        return true
    }

    private func matches(_ text: [UInt8], at index: Int) -> Bool {
        for offset in text.indices where self[index + offset] != text[offset] { return false }
        return true
    }

    /// Reads a whole number without sign or leading zero.
    fileprivate func takeNumber(at index: inout Int) -> Int64? {
        let digits = self[index...].prefix(Self.maxDigits + 1).prefix(while: \.isDigit)
        index = digits.endIndex
        return digits.number
    }

    fileprivate func takeLastNumber(at end: inout Int, above start: Int) -> Int64? {
        guard start < end else { return nil }
        let digits = self[start..<end].suffix(Self.maxDigits + 1).suffix(while: \.isDigit)
        end = digits.startIndex
        return digits.number
    }

    private var number: Int64? {
        guard (1...Self.maxDigits).contains(count), first != UInt8(ascii: "0") || count == 1 else { return nil }
        return reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    private func suffix(while predicate: (UInt8) -> Bool) -> Self {
        var start = endIndex
        while start > startIndex, predicate(self[start - 1]) { start -= 1 }
        return self[start...]
    }

    /// Whether the text is one object. Only quotes, escapes and brackets are interpreted; the reader of the config
    /// validates the rest.
    fileprivate var isOneObject: Bool {
        guard first == UInt8(ascii: "{") else { return false }
        var depth = 0
        var isInString = false
        var index = startIndex
        while index < endIndex {
            switch self[index] {
            case UInt8(ascii: "\""): isInString.toggle()
            case UInt8(ascii: "\\"): index += 1
            case UInt8(ascii: "{") where !isInString, UInt8(ascii: "[") where !isInString: depth += 1
            case UInt8(ascii: "}") where !isInString, UInt8(ascii: "]") where !isInString:
                depth -= 1
                if depth == 0 { return index == endIndex - 1 }
            default: break
            }
            index += 1
        }
        return false
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
}
