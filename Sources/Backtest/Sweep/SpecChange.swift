package import WireFormats

/// A value for one field of a spec.
package struct SpecChange: Sendable, Hashable {
    /// The path of the field below `spec`, such as `metrics[0].targetValue`.
    package let path: String
    package let value: JSON

    package init(path: String, value: JSON) {
        self.path = path
        self.value = value
    }

    /// Returns the spec with the value at the path; missing objects on the way are created. Nil if the path leads through
    /// something that is not an object, or past the end of a list.
    package func applied(to spec: JSON) -> JSON? { Self.set(value, in: spec, Self.keys(path)) }

    static func keys(_ path: String) -> ArraySlice<Substring> { path.split { ".[]".contains($0) }[...] }

    private static func set(_ value: JSON, in json: JSON, _ keys: ArraySlice<Substring>) -> JSON? {
        guard let key = keys.first else { return value }
        switch json {
        case .array(var elements):
            guard let index = Int(key), elements.indices.contains(index),
                let changed = set(value, in: elements[index], keys.dropFirst())
            else { return nil }
            elements[index] = changed
            return .array(elements)
        case .object(var members):
            guard let changed = set(value, in: members[String(key)] ?? [:], keys.dropFirst()) else { return nil }
            members[String(key)] = changed
            return .object(members)
        default: return nil
        }
    }
}
