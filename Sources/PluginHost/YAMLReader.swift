import WireFormats
import YAMLFormat
import Yams

/// What is wrong with one place of a YAML document.
struct YAMLProblem: Error {
    /// From 1.
    let line: Int
    let message: String
}

/// Reads typed values out of a YAML node, and says on which line it is when one is of the wrong shape.
struct YAMLReader {
    private let node: Node
    private let path: String

    init(_ node: Node, path: String = "") {
        self.node = node
        self.path = path
    }

    var line: Int { node.mark?.line ?? 0 }

    func problem(_ message: String) -> YAMLProblem {
        YAMLProblem(line: line, message: path.isEmpty ? message : "\(path): \(message)")
    }

    func unknown(_ key: String, known: String) -> YAMLProblem {
        problem("is not a known field; known here: \(known)")
    }

    /// The members of a mapping, in order.
    func members() throws(YAMLProblem) -> [(key: String, value: YAMLReader)] {
        guard let mapping = node.mapping else { throw problem("must be a mapping") }
        var members: [(key: String, value: YAMLReader)] = []
        for (key, value) in mapping {
            guard let name = key.string else { throw problem("has a key that is no string") }
            members.append((name, YAMLReader(value, path: path.isEmpty ? name : "\(path).\(name)")))
        }
        return members
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

    /// The text of a scalar as it stands there, whatever type YAML takes it for.
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
        return try json(&budget)
    }

    /// - Parameter budget: nodes that may yet come; aliases multiply them.
    private func json(_ budget: inout Int) throws(YAMLProblem) -> JSON {
        budget -= 1
        guard budget > 0 else {
            throw problem("is too large: more than \(PluginHostLimits.maxManifestNodes) nodes")
        }
        switch node {
        case .mapping:
            var object: [String: JSON] = [:]
            for (key, value) in try members() { object[key] = try value.json(&budget) }
            return .object(object)
        case .sequence(let sequence):
            var array: [JSON] = []
            for (index, element) in sequence.enumerated() {
                array.append(try YAMLReader(element, path: "\(path)[\(index)]").json(&budget))
            }
            return .array(array)
        case .scalar(let scalar): return try json(scalar)
        case .alias: throw problem("has an alias that cannot be resolved")
        }
    }

    private func json(_ scalar: Node.Scalar) throws(YAMLProblem) -> JSON {
        switch Resolver.default.resolveTag(of: node) {
        case .null: return .null
        case .bool: return node.bool.map { .bool($0) } ?? .string(scalar.string)
        case .int where node.isBase60, .float where node.isBase60: return .string(scalar.string)
        case .int: return node.int.map { .integer(Int64($0)) } ?? .string(scalar.string)
        case .float:
            guard let number = node.float else { return .string(scalar.string) }
            guard number.isFinite else { throw problem("must be a finite number") }
            return .number(number)
        default: return .string(scalar.string)
        }
    }
}
