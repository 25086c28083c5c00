import WireFormats
import YAMLFormat
import Yams

/// An error at a position in a YAML document.
struct YAMLProblem: Error {
    /// The line number, from 1.
    let line: Int
    let message: String
}

/// Reads typed values from a YAML node, and reports the line of a value with the wrong type.
struct YAMLReader {
    private let node: Node
    private let path: String

    init(_ node: Node, path: String = "") {
        self.node = node
        self.path = path
    }

    var line: Int { node.mark?.line ?? 0 }

    func problem(_ message: String) -> YAMLProblem {
        YAMLProblem(line: line, message: (path.isEmpty ? message : "\(path): \(message)").cleaned)
    }

    func unknown(_ key: String, known: String) -> YAMLProblem {
        problem("is not a known field; known fields: \(known)")
    }

    /// Returns the members of a mapping, in order.
    func members() throws(YAMLProblem) -> [(key: String, value: YAMLReader)] {
        guard let mapping = node.mapping else { throw problem("must be a mapping") }
        var members: [(key: String, value: YAMLReader)] = []
        for (key, value) in mapping {
            guard let name = key.string else { throw problem("has a key that is not a string") }
            members.append((name, YAMLReader(value, path: path.isEmpty ? name : "\(path).\(name)")))
        }
        return members
    }

    var isMapping: Bool { node.mapping != nil }

    func elements() throws(YAMLProblem) -> [YAMLReader] {
        guard let sequence = node.sequence else { throw problem("must be a list") }
        return sequence.map { YAMLReader($0, path: path) }
    }

    func strings() throws(YAMLProblem) -> [String] {
        guard let sequence = node.sequence else { throw problem("must be a list") }
        var strings: [String] = []
        for element in sequence {
            guard let scalar = element.scalar else { throw problem("must be a list of strings") }
            strings.append(scalar.string)
        }
        return strings
    }

    /// Returns the source text of a scalar, regardless of its YAML type.
    func text() throws(YAMLProblem) -> String {
        guard let scalar = node.scalar else { throw problem("must be a string") }
        return scalar.string
    }

    var bool: Bool? { node.bool }

    func int(in range: ClosedRange<Int>) throws(YAMLProblem) -> Int {
        guard !node.isBase60, let number = node.int, range.contains(number) else {
            throw problem("must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func json() throws(YAMLProblem) -> JSON {
        var budget = PluginHostLimits.maxManifestNodes
        do {
            return try YAMLDocument.json(node, &budget)
        } catch {
            throw YAMLProblem(line: error.line ?? line, message: problem(error.message).message)
        }
    }
}
