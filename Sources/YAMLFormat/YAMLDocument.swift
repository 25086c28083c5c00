package import WireFormats
package import Yams

/// Reads YAML as ``JSON``, as kubectl does.
package enum YAMLDocument {
    /// Nodes that a document may have after its aliases are expanded.
    package static let maxNodes = 200_000

    /// The place and reason of a YAML syntax error. Never contains a part of a value: it may be a secret.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        private let problem: String
        private let detail: String?
        /// From 1; nil if it is about the text as a whole.
        package let line: Int?

        init(_ problem: String, line: Int? = nil, detail: String? = nil) {
            self.problem = problem
            self.line = line
            self.detail = detail
        }

        /// What is wrong, for a message that has the line already.
        package var message: String { detail.map { "\(problem): \($0)" } ?? problem }

        package var description: String {
            guard let line else { return message }
            return detail.map { "\(problem): line \(line): \($0)" } ?? "\(problem), on line \(line)"
        }

        /// Returns the same, of a part of the text that begins after so many lines.
        func moved(by lines: Int) -> Failure { Failure(problem, line: line.map { $0 + lines }, detail: detail) }
    }

    /// Reads the only document of a text.
    package static func parse(_ text: String) throws(Failure) -> JSON {
        try json(YAMLTree.compose(text))
    }

    /// Reads a text that is JSON or else the only document of YAML. Most of JSON is YAML, surrogate pairs are not.
    package static func parseJSONOrYAML(_ text: String) throws(Failure) -> JSON {
        if let json = try? JSON(parsing: text) { return json }
        return try parse(text)
    }

    /// Reads the first document of a text and ignores the rest.
    package static func parseFirst(_ text: String) throws(Failure) -> JSON {
        try json(YAMLTree.composeFirst(text))
    }

    /// - Parameter budget: nodes that may yet come; aliases multiply them.
    package static func json(_ node: Node, _ budget: inout Int) throws(Failure) -> JSON {
        var conversion = YAMLConversion(budget: budget, keepsLines: false)
        defer { budget = conversion.budget }
        return try conversion.json(node)
    }

    private static func json(_ root: Node?) throws(Failure) -> JSON {
        guard let root else { return .null }
        var budget = maxNodes
        return try json(root, &budget)
    }
}

extension Node {
    /// Yams reads `1:30` in base 60, as YAML 1.1 did, and traps if that is past 64 bits. To Kubernetes it is text.
    package var isBase60: Bool { scalar?.string.contains(":") ?? false }
}
