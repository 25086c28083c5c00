import WireFormats
import Yams

/// The text between two lines of `---`.
struct ManifestPart {
    private let bytes: ArraySlice<UInt8>
    /// The number of lines of the file before the part.
    private let linesBefore: Int
    /// Whether the file has no line of `---`.
    private let isWholeFile: Bool

    private static let separator = Array("---".utf8)
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    static func split(_ text: String) throws(YAMLDocument.Failure) -> [ManifestPart] {
        let bytes = withoutMarks(Array(text.utf8)[...])
        var parts: [ManifestPart] = []
        var start = bytes.startIndex
        var linesBefore = 0
        var line = 0
        var position = start
        while position < bytes.endIndex {
            let end = bytes[position...].firstIndex(of: 0x0A).map { $0 + 1 } ?? bytes.endIndex
            let content = bytes[position..<end]
            line += 1
            if content.starts(with: separator) {
                let note = content.dropFirst(separator.count).first { !isBlank($0) }
                guard note == nil || note == UInt8(ascii: "#") else {
                    throw YAMLDocument.Failure(
                        "is not valid YAML for kubectl", line: line,
                        detail: "nothing but a comment may follow --- on its line")
                }
                parts.append(
                    ManifestPart(bytes: bytes[start..<position], linesBefore: linesBefore, isWholeFile: false))
                start = end
                linesBefore = line
            }
            position = end
        }
        let last = ManifestPart(bytes: bytes[start...], linesBefore: linesBefore, isWholeFile: parts.isEmpty)
        return parts + [last]
    }

    func documents(_ budget: inout Int) throws(YAMLDocument.Failure) -> [YAMLFile.Document] {
        do throws(YAMLDocument.Failure) {
            return try documentsOfPart(&budget).map { $0.moved(by: linesBefore) }
        } catch {
            throw error.moved(by: linesBefore)
        }
    }

    private func documentsOfPart(_ budget: inout Int) throws(YAMLDocument.Failure) -> [YAMLFile.Document] {
        let content = Self.withoutMarks(bytes)
        guard let first = content.first(where: { !Self.isBlank($0) }) else { return [] }
        return try first == UInt8(ascii: "{") ? json(content, &budget) : yaml(content, &budget)
    }

    private func yaml(
        _ content: ArraySlice<UInt8>, _ budget: inout Int
    ) throws(YAMLDocument.Failure) -> [YAMLFile.Document] {
        let text = String(decoding: content, as: UTF8.self)
        if let line = Self.directive(in: text) {
            throw YAMLDocument.Failure(
                "is not valid YAML for kubectl", line: line,
                detail: "a directive (%YAML or %TAG), which it does not support; remove the line")
        }
        var documents: [YAMLFile.Document] = []
        for node in try YAMLTree.composeAll(text) {
            var conversion = YAMLConversion(budget: budget, keepsLines: true)
            let json = try conversion.json(node)
            budget = conversion.budget
            guard !json.isNull else { continue }
            let start = ["": node.mark?.line ?? 1]
            documents.append(YAMLFile.Document(json: json, lines: start.merging(conversion.lines) { $1 }))
        }
        return documents
    }

    /// Reads one or more JSON texts. A text that starts like JSON but is not JSON is read as YAML.
    private func json(
        _ content: ArraySlice<UInt8>, _ budget: inout Int
    ) throws(YAMLDocument.Failure) -> [YAMLFile.Document] {
        var documents: [YAMLFile.Document] = []
        var rest = content
        var line = 1
        while true {
            let text = Self.withoutMarks(rest.drop(while: Self.isBlank))
            line += Self.lineEnds(in: rest[..<text.startIndex])
            guard !text.isEmpty else { return documents }
            guard documents.isEmpty || isWholeFile else {
                throw YAMLDocument.Failure(
                    "is not valid JSON for kubectl", line: line,
                    detail: "a further text without a line of --- before it, in a file that has such lines")
            }
            rest = text
            let json: JSON
            do {
                json = try JSON(parsingFirstOf: &rest)
            } catch {
                let failure = YAMLDocument.Failure(
                    "is not valid JSON", line: line + Self.lineEnds(in: text.prefix(error.offset)),
                    detail: error.message)
                return documents + (try yaml(text, instead: failure, &budget).map { $0.moved(by: line - 1) })
            }
            var positions = JSONPositions(text[..<rest.startIndex], line: line)
            try positions.read()
            line += Self.lineEnds(in: text[..<rest.startIndex])
            if !json.isNull { documents.append(YAMLFile.Document(json: json, lines: positions.lines)) }
        }
    }

    /// Reads text that is not JSON as YAML; throws the more specific of the two errors.
    private func yaml(
        _ text: ArraySlice<UInt8>, instead failure: YAMLDocument.Failure, _ budget: inout Int
    ) throws(YAMLDocument.Failure) -> [YAMLFile.Document] {
        guard text.first == UInt8(ascii: "{") else { throw failure }
        do throws(YAMLDocument.Failure) {
            return try yaml(text, &budget)
        } catch {
            throw Self.looksLikeJSON(text) ? failure : error
        }
    }

    /// Returns whether the text after a brace looks like JSON, and not like YAML or a template.
    private static func looksLikeJSON(_ content: ArraySlice<UInt8>) -> Bool {
        let next = content.drop(while: isBlank).dropFirst().first { !isBlank($0) }
        return next == nil || next == UInt8(ascii: "\"") || next == UInt8(ascii: "}")
    }

    /// Returns the line number, from 1, of a directive before the document.
    private static func directive(in text: String) -> Int? {
        var line = 0
        for content in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            line += 1
            if content.utf8.first == UInt8(ascii: "%") { return line }
            guard content.allSatisfy(\.isWhitespace) || content.utf8.first == UInt8(ascii: "#") else { return nil }
        }
        return nil
    }

    private static func withoutMarks(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var bytes = bytes
        while bytes.starts(with: byteOrderMark) { bytes = bytes.dropFirst(byteOrderMark.count) }
        return bytes
    }

    private static func lineEnds(in bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 + ($1 == 0x0A ? 1 : 0) } }

    private static func isBlank(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
}
