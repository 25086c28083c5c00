/// The text of a trace file, whose encoding is detected from its first bytes.
enum TraceText {
    private static let utf8Mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    private static let utf16Marks: [(bytes: [UInt8], isBigEndian: Bool)] = [
        ([0xFF, 0xFE], false), ([0xFE, 0xFF], true),
    ]
    private static let utf32Marks: [[UInt8]] = [[0xFF, 0xFE, 0, 0], [0, 0, 0xFE, 0xFF]]
    private static let remedy = "save the file as UTF-8"

    /// Returns the text as UTF-8, without byte order marks.
    ///
    /// - Throws: ``TraceError`` if the bytes are not text in UTF-8 or, after a byte order mark, in UTF-16.
    static func utf8(_ bytes: [UInt8]) throws(TraceError) -> [UInt8] {
        if utf32Marks.contains(where: bytes.starts) { throw TraceError("is text in UTF-32: \(remedy)") }
        if let mark = utf16Marks.first(where: { bytes.starts(with: $0.bytes) }) {
            return withoutMarks(try utf16(bytes.dropFirst(2), isBigEndian: mark.isBigEndian))
        }
        let text = withoutMarks(bytes)
        if let line = firstLine(of: text, where: { $0.contains(0) }) {
            throw TraceError(
                line: line,
                "contains a NUL byte. The file may be UTF-16 without a byte order mark, whose byte order is unknown: "
                    + "\(remedy)")
        }
        if String(validating: text, as: UTF8.self) == nil {
            let line = firstLine(of: text) { String(validating: $0, as: UTF8.self) == nil } ?? 1
            throw TraceError(line: line, "has bytes that are not UTF-8, as text in Windows-1252 has: \(remedy)")
        }
        return text
    }

    private static func withoutMarks(_ bytes: [UInt8]) -> [UInt8] {
        var text = bytes[...]
        while text.starts(with: utf8Mark) { text = text.dropFirst(utf8Mark.count) }
        return text.count == bytes.count ? bytes : Array(text)
    }

    private static func utf16(_ bytes: ArraySlice<UInt8>, isBigEndian: Bool) throws(TraceError) -> [UInt8] {
        let units = stride(from: bytes.startIndex, to: bytes.endIndex - 1, by: 2).map { index in
            let (first, second) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
            return isBigEndian ? first << 8 | second : second << 8 | first
        }
        guard bytes.count.isMultiple(of: 2), let text = String(validating: units, as: UTF16.self) else {
            throw TraceError("begins with a UTF-16 byte order mark but has invalid bytes: \(remedy)")
        }
        return Array(text.utf8)
    }

    private static func firstLine(of text: [UInt8], where isWanted: (ArraySlice<UInt8>) -> Bool) -> Int? {
        text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).firstIndex(where: isWanted).map {
            $0 + 1
        }
    }
}
