import WireFormats

/// JSON Patch (RFC 6902).
enum JSONPatch {
    struct Failure: Error {
        /// The problem with the patch itself; nil if the patch is well-formed but does not apply to the object.
        let malformed: String?
    }

    static func apply(_ patch: JSON, to object: JSON) throws(Failure) -> JSON {
        guard let operations = patch.arrayValue, operations.count <= Limits.patchOperations else {
            throw Failure(malformed: "a JSON patch is an array of at most \(Limits.patchOperations) operations")
        }
        var object = object
        for operation in operations { try apply(operation: operation, to: &object) }
        return object
    }

    private static func apply(operation: JSON, to object: inout JSON) throws(Failure) {
        guard let name = operation.string("op"), let path = pointer(operation.string("path")) else {
            throw Failure(malformed: "each operation needs op and path")
        }
        switch name {
        case "add": try change(&object, path, .add(try value(operation)))
        case "replace": try change(&object, path, .replace(try value(operation)))
        case "remove": try change(&object, path, .remove)
        case "move", "copy":
            guard let from = pointer(operation.string("from")) else { throw Failure(malformed: "\(name) needs from") }
            guard let moved = find(object, from[...]) else { throw Failure(malformed: nil) }
            if name == "move" { try change(&object, from, .remove) }
            try change(&object, path, .add(moved))
        case "test":
            guard find(object, path[...]) ?? .null == operation["value"] ?? .null else {
                throw Failure(malformed: nil)
            }
        default: throw Failure(malformed: "unknown operation \"\(name)\"")
        }
    }

    private enum Change {
        case add(JSON)
        case replace(JSON)
        case remove
    }

    private static func value(_ operation: JSON) throws(Failure) -> JSON {
        guard let value = operation["value"] else { throw Failure(malformed: "the operation needs a value") }
        return value
    }

    private static func pointer(_ text: String?) -> [String]? {
        guard let text, text.isEmpty || text.hasPrefix("/") else { return nil }
        return text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
            String($0.replacing("~1", with: "/").replacing("~0", with: "~"))
        }
    }

    private static func find(_ value: JSON, _ path: ArraySlice<String>) -> JSON? {
        guard let step = path.first else { return value }
        switch value {
        case .object(let members): return members[step].flatMap { find($0, path.dropFirst()) }
        case .array(let elements):
            guard let index = Int(step), elements.indices.contains(index) else { return nil }
            return find(elements[index], path.dropFirst())
        default: return nil
        }
    }

    private static func change(_ value: inout JSON, _ path: [String], _ change: Change) throws(Failure) {
        try self.change(&value, path[...], change)
    }

    private static func change(_ value: inout JSON, _ path: ArraySlice<String>, _ change: Change) throws(Failure) {
        guard let step = path.first else {
            switch change {
            case .add(let new), .replace(let new): value = new
            case .remove: value = .null
            }
            return
        }
        switch value {
        case .object(var members):
            if path.count > 1 {
                guard var member = members[step] else { throw Failure(malformed: nil) }
                try self.change(&member, path.dropFirst(), change)
                members[step] = member
            } else {
                switch change {
                case .add(let new): members[step] = new
                case .replace(let new):
                    guard members[step] != nil else { throw Failure(malformed: nil) }
                    members[step] = new
                case .remove:
                    guard members.removeValue(forKey: step) != nil else { throw Failure(malformed: nil) }
                }
            }
            value = .object(members)
        case .array(var elements):
            let index = step == "-" ? elements.count : Int(step) ?? -1
            if path.count > 1 {
                guard elements.indices.contains(index) else { throw Failure(malformed: nil) }
                try self.change(&elements[index], path.dropFirst(), change)
            } else {
                switch change {
                case .add(let new):
                    guard (0...elements.count).contains(index) else { throw Failure(malformed: nil) }
                    elements.insert(new, at: index)
                case .replace(let new):
                    guard elements.indices.contains(index) else { throw Failure(malformed: nil) }
                    elements[index] = new
                case .remove:
                    guard elements.indices.contains(index) else { throw Failure(malformed: nil) }
                    elements.remove(at: index)
                }
            }
            value = .array(elements)
        default: throw Failure(malformed: nil)
        }
    }
}
