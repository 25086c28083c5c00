package import WireFormats
package import Yams

/// Reads YAML as ``JSON``, as kubectl does.
package enum YAMLDocument {
    /// The maximum number of nodes of a document after expanding aliases.
    package static let maxNodes = 200_000

    /// The place and reason of a YAML syntax error. Never contains part of a value, which may be a secret.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        private let problem: String
        private let detail: String?
        /// The line from 1; nil if the error concerns the text as a whole.
        package let line: Int?

        init(_ problem: String, line: Int? = nil, detail: String? = nil) {
            self.problem = problem
            self.line = line
            self.detail = detail
        }

        /// The problem, for a message that already contains the line.
        package var message: String { detail.map { "\(problem): \($0)" } ?? problem }

        package var description: String {
            guard let line else { return message }
            return detail.map { "\(problem): line \(line): \($0)" } ?? "\(problem), on line \(line)"
        }

        /// Returns the failure for a text that begins after that many lines.
        func moved(by lines: Int) -> Failure { Failure(problem, line: line.map { $0 + lines }, detail: detail) }
    }

    /// Reads the only document of a text.
    package static func parse(_ text: String) throws(Failure) -> JSON {
        try json(YAMLTree.compose(text))
    }

    /// Reads a text that is JSON or a single YAML document. Most JSON is valid YAML, but surrogate pairs are not.
    package static func parseJSONOrYAML(_ text: String) throws(Failure) -> JSON {
        if let json = try? JSON(parsing: text) { return json }
        return try parse(text)
    }

    /// Reads the first document of a text and ignores the rest.
    package static func parseFirst(_ text: String) throws(Failure) -> JSON {
        try json(YAMLTree.composeFirst(text))
    }

    /// - Parameter budget: the number of nodes that may follow, which aliases multiply.
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
    /// Whether the scalar is a base-60 number of YAML 1.1, such as `1:30`. Yams converts these, and traps beyond 64
    /// bits; Kubernetes reads them as text.
    package var isBase60: Bool { scalar?.string.contains(":") ?? false }
}
