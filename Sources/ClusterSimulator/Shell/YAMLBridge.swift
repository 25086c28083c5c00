import WireFormats
import YAMLFormat
import Yams

/// Reads YAML as the JSON that it stands for.
enum YAMLBridge {
    struct Failure: Error {
        let message: String
    }

    static func json(_ text: String) throws(Failure) -> JSON {
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw Failure(message: "\(error)")
        }
        guard let node else { return .null }
        return try json(node, depth: 0)
    }

    private static func json(_ node: Node, depth: Int) throws(Failure) -> JSON {
        guard depth < JSON.maximumDepth else { throw Failure(message: "nested deeper than \(JSON.maximumDepth)") }
        switch node {
        case .mapping(let mapping):
            var members: [String: JSON] = [:]
            for (key, value) in mapping {
                guard let name = key.scalar?.string else { throw Failure(message: "a mapping key is no scalar") }
                members[name] = try json(value, depth: depth + 1)
            }
            return .object(members)
        case .sequence(let sequence):
            var elements: [JSON] = []
            for element in sequence { elements.append(try json(element, depth: depth + 1)) }
            return .array(elements)
        case .scalar(let scalar):
            return json(node, scalar)
        case .alias:
            throw Failure(message: "aliases are not supported here")
        }
    }

    private static func json(_ node: Node, _ scalar: Node.Scalar) -> JSON {
        guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
        if node.null != nil { return .null }
        if let flag = node.bool { return .bool(flag) }
        if node.isBase60 { return .string(scalar.string) }
        if let whole = node.int { return JSON(whole) }
        if let number = node.float, number.isFinite { return .number(number) }
        return .string(scalar.string)
    }
}
