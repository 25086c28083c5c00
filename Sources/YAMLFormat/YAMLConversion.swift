import WireFormats
import Yams

/// Converts the nodes of one document to JSON.
struct YAMLConversion {
    /// The number of nodes that may follow.
    private(set) var budget: Int
    /// The line numbers from 1 by path, such as `spec.metrics[0].type`.
    private(set) var lines: [String: Int] = [:]
    private let keepsLines: Bool

    init(budget: Int, keepsLines: Bool) {
        self.budget = budget
        self.keepsLines = keepsLines
    }

    mutating func json(
        _ node: Node, path: String = "", depth: Int = 1
    ) throws(YAMLDocument.Failure) -> JSON {
        budget -= 1
        guard budget > 0 else {
            throw YAMLDocument.Failure("has too many values, including those of its aliases")
        }
        guard depth <= JSON.maximumDepth || node.scalar != nil else {
            throw YAMLDocument.Failure("is nested deeper than \(JSON.maximumDepth)", line: node.mark?.line)
        }
        switch node {
        case .scalar(let scalar):
            return try YAMLScalar.json(scalar)
        case .sequence(let sequence):
            var elements: [JSON] = []
            for (index, element) in sequence.enumerated() {
                let place = keepsLines ? "\(path)[\(index)]" : ""
                note(place, element)
                elements.append(try json(element, path: place, depth: depth + 1))
            }
            return .array(elements)
        case .mapping(let mapping):
            var members: [String: JSON] = [:]
            try add(mapping, to: &members, path: path, depth: depth)
            return .object(members)
        case .alias:
            throw YAMLDocument.Failure("has an alias without an anchor", line: node.mark?.line)
        }
    }

    /// Adds a member. The last value of a repeated name, through a merge key, is used, as in kubectl.
    private mutating func add(
        _ mapping: Node.Mapping, to members: inout [String: JSON], path: String, depth: Int
    ) throws(YAMLDocument.Failure) {
        for (key, value) in mapping {
            if YAMLScalar.isMergeKey(key) {
                try merge(value, to: &members, path: path, depth: depth + 1)
                continue
            }
            let name = try YAMLScalar.name(key)
            let member = keepsLines ? (path.isEmpty ? name : "\(path).\(name)") : ""
            note(member, key)
            members[name] = try json(value, path: member, depth: depth + 1)
        }
    }

    /// - Parameter value: a mapping, or a sequence of them; earlier ones take precedence.
    private mutating func merge(
        _ value: Node, to members: inout [String: JSON], path: String, depth: Int
    ) throws(YAMLDocument.Failure) {
        budget -= 1
        guard budget > 0, depth <= JSON.maximumDepth else {
            throw YAMLDocument.Failure("merges too many mappings into one", line: value.mark?.line)
        }
        var mappings = [value]
        if case .sequence(let sequence) = value { mappings = sequence.reversed() }
        for node in mappings {
            guard case .mapping(let mapping) = node else {
                throw YAMLDocument.Failure(
                    "is not valid YAML", line: node.mark?.line,
                    detail: "the value of a merge key (<<) is a mapping, or a list of mappings")
            }
            try add(mapping, to: &members, path: path, depth: depth)
        }
    }

    private mutating func note(_ path: String, _ node: Node) {
        if keepsLines { lines[path] = node.mark?.line }
    }
}
