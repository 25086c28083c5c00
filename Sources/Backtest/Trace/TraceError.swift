import WireFormats

/// The reason why a text is not a valid trace.
package struct TraceError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }

    /// - Parameter column: the number of the cell in its row, from 1.
    init(line: Int, column: Int? = nil, _ message: String) {
        description = "line \(line)" + (column.map { ", column \($0)" } ?? "") + ": \(message)"
    }
}

extension StringProtocol {
    /// The text for a message: cut if it is long, control characters as spaces.
    var shortened: String {
        var shown = String.UnicodeScalarView()
        for scalar in unicodeScalars.prefix(65) {
            let category = scalar.properties.generalCategory
            shown.append(category == .control || category == .format ? " " : scalar)
        }
        return String(shown).shortened(to: 64)
    }

    var quoted: String { "\"\(shortened)\"" }
}
