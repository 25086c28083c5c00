/// Collects the header lines of one response, which libcurl passes one by one.
///
/// Interim responses (1xx) are dropped; trailers, which come after the head, are counted and dropped.
struct ResponseHeadParser {
    enum Step {
        case more
        case head(HTTPResponseHead)
        case tooLarge
    }

    private var status = 0
    private var headers: [HTTPHeader] = []
    private var byteCount = 0
    private var isComplete = false
    private let maxBytes: Int

    init(maxBytes: Int = HTTPLimits.headerBytes) {
        self.maxBytes = maxBytes
    }

    mutating func take(_ line: UnsafeRawBufferPointer) -> Step {
        byteCount += line.count
        guard byteCount <= maxBytes else { return .tooLarge }
        guard !isComplete else { return .more }
        var line = line[...]
        while let last = line.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") {
            line.removeLast()
        }
        if line.starts(with: "HTTP/".utf8) {
            headers.removeAll(keepingCapacity: true)
            status = ResponseHeadParser.status(of: line)
        } else if line.isEmpty {
            guard status >= 200 else { return .more }
            isComplete = true
            return .head(HTTPResponseHead(status: status, headers: headers))
        } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
            headers.append(
                HTTPHeader(
                    String(decoding: line[..<colon], as: UTF8.self),
                    String(decoding: trimmed(line[line.index(after: colon)...]), as: UTF8.self)))
        }
        return .more
    }

    /// Returns the three digits after the first space, which libcurl has checked.
    private static func status(of line: Slice<UnsafeRawBufferPointer>) -> Int {
        line.drop { $0 != UInt8(ascii: " ") }.dropFirst().prefix(3)
            .reduce(0) { $0 * 10 + Int($1) - Int(UInt8(ascii: "0")) }
    }

    private func trimmed(_ value: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
        func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        var value = value.drop(while: isBlank)
        while let last = value.last, isBlank(last) {
            value.removeLast()
        }
        return value
    }
}
