/// The bounds of a query's evaluation. Those of its text are fixed.
package struct JSONPathLimits: Sendable {
    /// Nodes visited, values compared and steps of regular expressions, all together.
    package var steps: Int
    /// Nodes of any one node list.
    package var nodes: Int

    package init(steps: Int, nodes: Int) {
        self.steps = steps
        self.nodes = nodes
    }

    package static let standard = JSONPathLimits(steps: 2_000_000, nodes: 100_000)

    /// Characters of a query.
    package static let maxQueryLength = 4_096
    /// Filters, parentheses and function calls inside each other.
    static let maxNesting = 32
    /// Bytes of a text that are read in one step.
    static let bytesPerStep = 64
}

/// The reason why an evaluation was given up.
package struct JSONPathLimitError: Error, Hashable, CustomStringConvertible {
    package let message: String

    package var description: String { message }

    static func steps(_ limit: Int) -> Self {
        Self(message: "the query takes more than \(limit) steps in this document")
    }

    static func nodes(_ limit: Int) -> Self {
        Self(message: "the query selects more than \(limit) nodes in this document")
    }
}

/// What is left of the steps of an evaluation.
struct StepBudget {
    private let limit: Int
    private var remaining: Int

    init(_ limit: Int) {
        self.limit = limit
        remaining = limit
    }

    mutating func spend(_ steps: Int = 1) throws(JSONPathLimitError) {
        remaining -= steps
        guard remaining >= 0 else { throw JSONPathLimitError.steps(limit) }
    }

    /// For reading that many bytes of text.
    mutating func spend(bytes: Int) throws(JSONPathLimitError) {
        try spend(1 + bytes / JSONPathLimits.bytesPerStep)
    }
}
