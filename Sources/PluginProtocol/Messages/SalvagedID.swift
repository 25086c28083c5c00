/// Finds the `id` of a response that is not valid JSON (a number out of range, invalid UTF-8, a truncated line), so
/// that the caller is informed immediately and not at the deadline.
package enum SalvagedID {
    /// Returns the first whole-number member `id` of the outermost object, or nil if there is none.
    ///
    /// The bytes are not validated: only quotes, escapes and brackets are interpreted. Anything before the object, such
    /// as a terminal's escape sequence, is skipped.
    package static func find(in line: UnsafeRawBufferPointer) -> Int64? {
        guard var index = line.firstIndex(of: UInt8(ascii: "{")) else { return nil }
        var depth = 0
        while index < line.count {
            switch line[index] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: "\""):
                let start = index + 1
                guard let end = endOfString(line, from: start) else { return nil }
                if depth == 1, line[start..<end].elementsEqual("id".utf8),
                    let number = wholeNumber(line, afterColonFrom: end + 1)
                {
                    return number
                }
                index = end
            default: break
            }
            index += 1
        }
        return nil
    }

    private static func endOfString(_ line: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var index = start
        while index < line.count {
            switch line[index] {
            case UInt8(ascii: "\""): return index
            case UInt8(ascii: "\\"): index += 2
            default: index += 1
            }
        }
        return nil
    }

    private static func wholeNumber(_ line: UnsafeRawBufferPointer, afterColonFrom start: Int) -> Int64? {
        var rest = line[start...].drop(while: isSpace)
        guard rest.popFirst() == UInt8(ascii: ":") else { return nil }
        rest = rest.drop(while: isSpace)
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard let next = rest.dropFirst(digits.count).first,
            next == UInt8(ascii: ",") || next == UInt8(ascii: "}")
                || isSpace(next)
        else { return nil }
        return Int64(String(decoding: digits, as: UTF8.self))
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
}
