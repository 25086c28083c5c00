/// An expression over named metrics, such as `backlog / max(consumeRate, 1)`: parsed once, evaluated at every poll.
///
/// The grammar has the usual precedence of programming languages, lowest first: `or`, `and`, `not`,
/// comparison, `??`, `+ -`, `* / %`, `-` as a sign. Comparisons do not chain, and `??` beside arithmetic needs
/// parentheses: languages disagree about which of the two binds tighter.
package struct Formula: Sendable, Hashable {
    package enum Limits {
        /// Of the text, in UTF-8.
        package static let bytes = 1_024
        /// Of parentheses, calls and signs inside one another.
        package static let depth = 32
        /// Numbers, names, operators and calls.
        package static let nodes = 256
        /// Of the text with its inputs filled in, as a sentence shows it.
        package static let shownCharacters = 240
    }

    /// A metric's name in the text.
    struct Mention: Sendable {
        let name: String
        /// Where, in bytes.
        let range: Range<Int>
        let isQuoted: Bool
    }

    /// As written.
    package let text: String
    /// The metrics that it names, in the order of their first mention.
    package let names: [String]
    let root: FormulaNode
    /// In the order of the text.
    let mentions: [Mention]

    /// - Throws: ``FormulaError`` with the place in the text.
    package init(parsing text: String) throws(FormulaError) {
        var parser = try FormulaParser(text)
        root = try parser.parse()
        self.text = text
        mentions = parser.mentions
        var seen: Set<String> = []
        names = mentions.map(\.name).filter { seen.insert($0).inserted }
        if names.isEmpty {
            throw FormulaError("names no metric: a formula computes a value from metrics", at: 0, in: text)
        }
    }

    /// Returns the mention of a metric as an error.
    package func error(naming name: String, _ message: String) -> FormulaError {
        FormulaError(message, at: mentions.first { $0.name == name }?.range.lowerBound ?? 0, in: text)
    }

    /// Returns the place at which a name with a hyphen, such as `redis-2`, would be read as a subtraction.
    ///
    /// - Parameter metrics: names of the metrics there are.
    package func subtractionProblem(among metrics: [String]) -> FormulaError? {
        let bytes = Array(text.utf8)
        for mention in mentions where !mention.isQuoted {
            for metric in metrics where metric.utf8.contains(UInt8(ascii: "-")) {
                let end = mention.range.lowerBound + metric.utf8.count
                guard end <= bytes.count, bytes[mention.range.lowerBound..<end].elementsEqual(metric.utf8),
                    end == bytes.count || !FormulaLexer.isNameByte(bytes[end])
                else { continue }
                return FormulaError(
                    "\(metric) is a metric, but is read as a subtraction: write \"\(metric)\" in quotes, or spaces "
                        + "around the minus sign", at: mention.range.lowerBound, in: text)
            }
        }
        return nil
    }

    package static func == (left: Formula, right: Formula) -> Bool { left.text == right.text }

    package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
