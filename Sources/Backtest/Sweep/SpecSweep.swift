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
        guard !SpecChange.keys(path).isEmpty, !values.isEmpty, values.count <= Self.maxValues else {
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

    /// Returns the spec with that value at the path.
    ///
    /// - Throws: ``TraceError`` if the path leads through something that is not an object, or past the end of a list.
    package func spec(_ spec: JSON, with value: JSON) throws(TraceError) -> JSON {
        guard let changed = SpecChange(path: path, value: value).applied(to: spec) else {
            throw TraceError("the spec has no place for \(path)")
        }
        return changed
    }
}
