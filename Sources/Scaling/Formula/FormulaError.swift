/// A problem of a formula and its place in the text.
package struct FormulaError: Error, Sendable, Hashable, CustomStringConvertible {
    /// From 1.
    package let line: Int
    /// From 1, within the line.
    package let character: Int
    package let message: String
    private let isInLines: Bool

    /// - Parameter offset: in bytes of the text.
    init(_ message: String, at offset: Int, in text: String) {
        let before = String(decoding: Array(text.utf8.prefix(offset)), as: UTF8.self)
        let lines = before.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        line = lines.count
        character = (lines.last?.count ?? 0) + 1
        isInLines = text.contains(where: \.isNewline)
        self.message = message
    }

    package var description: String {
        isInLines ? "line \(line), character \(character): \(message)" : "character \(character): \(message)"
    }
}
