/// Finds the end of one JSON value in a text that arrives in chunks. Matches only brackets and strings.
struct ValueScanner {
    private enum Kind {
        case string, brackets, scalar
    }

    private var kind: Kind?
    private var depth = 0
    private var isInString = false
    private var isEscaped = false

    /// Scans the bytes of the value, which begins or continues at `start`.
    ///
    /// - Returns: the offset after the value's last byte; nil if the value continues in the next chunk.
    mutating func end(in chunk: [UInt8], from start: Int) -> Int? {
        chunk.withUnsafeBufferPointer { bytes in
            var offset = start
            if kind == nil, offset < bytes.count {
                kind = begin(with: bytes[offset])
                if kind != .scalar { offset += 1 }
            }
            if kind == .scalar { return endOfScalar(bytes, from: offset) }
            while offset < bytes.count {
                let byte = bytes[offset]
                offset += 1
                if isInString {
                    if isEscaped {
                        isEscaped = false
                    } else if byte == UInt8(ascii: "\\") {
                        isEscaped = true
                    } else if byte == UInt8(ascii: "\"") {
                        isInString = false
                        if depth == 0 { return offset }
                    }
                    continue
                }
                switch byte {
                case UInt8(ascii: "\""): isInString = true
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    depth -= 1
                    if depth == 0 { return offset }
                default: break
                }
            }
            return nil
        }
    }

    private mutating func begin(with byte: UInt8) -> Kind {
        switch byte {
        case UInt8(ascii: "\""):
            isInString = true
            return .string
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            depth = 1
            return .brackets
        default: return .scalar
        }
    }

    private func endOfScalar(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        bytes[start...].firstIndex {
            $0 <= 0x20 || $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "]") || $0 == UInt8(ascii: "}")
        }
    }
}
