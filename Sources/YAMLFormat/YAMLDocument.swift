package import WireFormats
package import Yams

/// Reads YAML as ``JSON``.
package enum YAMLDocument {
    /// Nodes that a document may have after its aliases are expanded.
    package static let maxNodes = 200_000

    /// Where and why a text is no YAML. Never a piece of the text: it may hold secrets.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    package static func parse(_ text: String) throws(Failure) -> JSON {
        let root = try YAMLTree.compose(text)
        var budget = maxNodes
        return try root.map { node throws(Failure) in try json(node, &budget) } ?? .null
    }

    /// - Parameter budget: nodes that may yet come; aliases multiply them.
    package static func json(_ node: Node, _ budget: inout Int, depth: Int = 1) throws(Failure) -> JSON {
        budget -= 1
        guard budget > 0 else {
            throw Failure(description: "has too many values, those that its aliases stand for included")
        }
        guard depth <= JSON.maximumDepth || node.scalar != nil else {
            throw Failure(description: "is nested deeper than \(JSON.maximumDepth)")
        }
        switch node {
        case .scalar:
            return try scalar(node)
        case .sequence(let sequence):
            var elements: [JSON] = []
            for element in sequence { elements.append(try json(element, &budget, depth: depth + 1)) }
            return .array(elements)
        case .mapping(let mapping):
            var members: [String: JSON] = [:]
            for (key, value) in mapping {
                guard let name = key.scalar?.string else { throw Failure(description: "has a key that is no string") }
                members[name] = try json(value, &budget, depth: depth + 1)
            }
            return .object(members)
        case .alias:
            throw Failure(description: "has an alias that leads nowhere")
        }
    }

    private static func scalar(_ node: Node) throws(Failure) -> JSON {
        let text = JSON.string(node.string ?? "")
        guard !node.isBase60 else { return text }
        switch Tag.Name(rawValue: node.tag.rawValue) {
        case .null: return .null
        case .bool: return node.bool.map(JSON.bool) ?? text
        case .int: return node.int.map { .integer(Int64($0)) } ?? text
        case .float:
            guard let number = node.float else { return text }
            guard number.isFinite else {
                throw Failure(description: "has a number on line \(node.mark?.line ?? 1) that is not finite")
            }
            return .number(number)
        default: return text
        }
    }
}

extension Node {
    /// Yams reads `1:30` in base 60, as YAML 1.1 did, and traps where that is past 64 bits. To Kubernetes it is text.
    package var isBase60: Bool { scalar?.string.contains(":") ?? false }
}
