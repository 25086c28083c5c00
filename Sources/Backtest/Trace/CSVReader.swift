/// Reads the records of comma-separated values as RFC 4180 defines them, with the position of each field.
///
/// Beyond RFC 4180: the delimiter may be another character, a line ends with CRLF, LF or CR alone, spaces around a
/// quoted field and empty lines are ignored, and a line that begins with `#` is a comment.
struct CSVReader {
    struct Field: Equatable {
        var text: String
        /// The line on which the field begins, from 1.
        var line: Int
        var isQuoted: Bool
    }

    private static let quote = UInt8(ascii: "\"")
    private static let carriageReturn = UInt8(ascii: "\r")
    private static let newline = UInt8(ascii: "\n")

    private let bytes: [UInt8]
    private let delimiter: UInt8
    private var index: Int
    private(set) var line: Int

    /// - Parameters:
    ///   - bytes: UTF-8 without a byte order mark.
    ///   - index: where to begin.
    ///   - line: number of the line there.
    init(_ bytes: [UInt8], delimiter: UInt8 = UInt8(ascii: ","), from index: Int = 0, line: Int = 1) {
        self.bytes = bytes
        self.delimiter = delimiter
        self.index = index
        self.line = line
    }

    /// Returns the next record, or nil at the end.
    ///
    /// - Throws: ``TraceError`` if a quote is out of place, or never closed.
    mutating func next() throws(TraceError) -> [Field]? {
        skipBlankLinesAndComments()
        guard index < bytes.count else { return nil }
        var fields: [Field] = []
        while true {
            fields.append(try field(number: fields.count + 1))
            guard index < bytes.count, bytes[index] == delimiter else { break }
            index += 1
        }
        takeLineEnd()
        return fields
    }

    private var isAtLineEnd: Bool {
        index == bytes.count || bytes[index] == Self.newline || bytes[index] == Self.carriageReturn
    }

    private mutating func takeLineEnd() {
        guard index < bytes.count else { return }
        if bytes[index] == Self.carriageReturn, index + 1 < bytes.count, bytes[index + 1] == Self.newline { index += 1 }
        index += 1
        line += 1
    }

    private mutating func skipBlankLinesAndComments() {
        while index < bytes.count {
            let start = index
            skipSpaces()
            if !isAtLineEnd {
                guard bytes[index] == UInt8(ascii: "#") else {
                    index = start
                    return
                }
                while !isAtLineEnd { index += 1 }
            }
            takeLineEnd()
        }
    }

    private mutating func skipSpaces() {
        while index < bytes.count, bytes[index] != delimiter,
            bytes[index] == UInt8(ascii: " ") || bytes[index] == UInt8(ascii: "\t")
        {
            index += 1
        }
    }

    private mutating func field(number: Int) throws(TraceError) -> Field {
        let start = index
        skipSpaces()
        if index < bytes.count, bytes[index] == Self.quote { return try quotedField(number: number) }
        index = start
        while !isAtLineEnd, bytes[index] != delimiter {
            guard bytes[index] != Self.quote else {
                throw TraceError(
                    line: line, column: number,
                    "has a quote inside a field that is not quoted: enclose the field in quotes, and double the quotes in it"
                )
            }
            index += 1
        }
        return Field(text: text(bytes[start..<index]), line: line, isQuoted: false)
    }

    private mutating func quotedField(number: Int) throws(TraceError) -> Field {
        let firstLine = line
        var content: [UInt8] = []
        index += 1
        while true {
            guard index < bytes.count else {
                throw TraceError(line: firstLine, column: number, "has a quote that is never closed")
            }
            let byte = bytes[index]
            if byte == Self.quote {
                index += 1
                guard index < bytes.count, bytes[index] == Self.quote else { break }
            } else if isAtLineEnd {
                let lineStart = index
                takeLineEnd()
                content += bytes[lineStart..<index]
                continue
            }
            content.append(byte)
            index += 1
        }
        skipSpaces()
        guard isAtLineEnd || bytes[index] == delimiter else {
            throw TraceError(
                line: line, column: number, "has text after its closing quote: double the quotes inside a quoted field")
        }
        return Field(text: text(content), line: firstLine, isQuoted: true)
    }

    private func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}

extension CSVReader {
    /// Delimiters that spreadsheets and monitoring tools write.
    static let delimiters: [UInt8] = [",", ";", "\t"].map { UInt8(ascii: $0) }

    /// Creates a reader that detects the delimiter: from a first line `sep=;`, as spreadsheets and Grafana write it, or
    /// from the first comma, semicolon or tab of the header outside quotes.
    init(detecting bytes: [UInt8]) throws(TraceError) {
        if let (delimiter, end) = try Self.separatorLine(bytes) {
            self.init(bytes, delimiter: delimiter, from: end, line: 2)
            return
        }
        var reader = CSVReader(bytes)
        reader.skipBlankLinesAndComments()
        var isInQuotes = false
        for byte in bytes[reader.index...] {
            if byte == Self.quote { isInQuotes.toggle() }
            if isInQuotes { continue }
            if byte == Self.newline || byte == Self.carriageReturn { break }
            if Self.delimiters.contains(byte) {
                self.init(bytes, delimiter: byte)
                return
            }
        }
        self.init(bytes)
    }

    /// Returns the delimiter of a first line such as `sep=;`, and where the next line begins.
    private static func separatorLine(_ bytes: [UInt8]) throws(TraceError) -> (delimiter: UInt8, end: Int)? {
        var line = bytes.prefix { $0 != newline && $0 != carriageReturn }
        let length = line.count
        if line.first == quote, line.last == quote { line = line.dropFirst().dropLast() }
        guard String(decoding: line.prefix(4), as: UTF8.self).lowercased() == "sep=" else { return nil }
        let rest = line.dropFirst(4)
        guard let delimiter = rest.first, rest.count == 1, (delimiters + [UInt8(ascii: "|")]).contains(delimiter) else {
            throw TraceError(line: 1, "must name one delimiter after sep=: a comma, a semicolon, a tab or a bar")
        }
        var reader = CSVReader(bytes, from: length)
        reader.takeLineEnd()
        return (delimiter, reader.index)
    }

    var hasSemicolons: Bool { delimiter == UInt8(ascii: ";") }

    /// Whether a field may have a comma in it.
    var mayHaveCommas: Bool { delimiter != UInt8(ascii: ",") || bytes.contains(Self.quote) }
}
