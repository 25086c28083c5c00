package import WireFormats

/// A field of a spec and the values to try for it, such as `safety.cooldownSeconds=60,120,300`.
package struct SpecSweep: Sendable, Hashable {
    /// The path of the field below `spec`, such as `metrics[0].targetValue`.
    package let path: String
    package let values: [JSON]

    package static let maxValues = 100

    /// - Throws: ``TraceError`` if the text is not a field with values.
    package init(_ text: String) throws(TraceError) {
        let parts = text.split(separator: "=", maxSplits: 1)
        let path = String(parts.first ?? "")
        let values = parts.count == 2 ? parts[1].split(separator: ",").map(Self.value) : []
        guard !Self.keys(path).isEmpty, !values.isEmpty, values.count <= Self.maxValues else {
            throw TraceError(
                "\"\(text)\" is not a field with 1 to \(Self.maxValues) values, such as safety.cooldownSeconds=60,120,300"
            )
        }
        self.path = path.hasPrefix("spec.") ? String(path.dropFirst("spec.".count)) : path
        self.values = values
    }

    /// Returns a number or a boolean if the text is one, and otherwise a string.
    private static func value(_ text: Substring) -> JSON {
        guard let json = try? JSON(parsing: String(text)), json.arrayValue == nil, json.objectValue == nil else {
            return .string(String(text))
        }
        return json
    }

    private static func keys(_ path: String) -> ArraySlice<Substring> {
        path.split { ".[]".contains($0) }[...]
    }

    /// Returns the spec with that value at the path; missing objects on the way are created.
    ///
    /// - Throws: ``TraceError`` if the path leads through something that is not an object, or past the end of a list.
    package func spec(_ spec: JSON, with value: JSON) throws(TraceError) -> JSON {
        guard let changed = Self.set(value, in: spec, Self.keys(path)) else {
            throw TraceError("the spec has no place for \(path)")
        }
        return changed
    }

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
