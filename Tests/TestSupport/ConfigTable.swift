package import WireFormats

/// The table of fields on a plugin's page in `docs/reference/plugins`, generated from the config's schema, so that a
/// test can compare the page with it.
package enum ConfigTable {
    /// Returns a Markdown table with one row per field: required ones first, then by name, nested ones after their
    /// parents.
    package static func markdown(ofSchema schema: JSON) -> String {
        let header = ["| field | type | default | meaning |", "|---|---|---|---|"]
        return (header + rows(schema, path: "")).map { $0 + "\n" }.joined()
    }

    private static func rows(_ schema: JSON, path: String) -> [String] {
        let required = Set(schema["required"]?.arrayValue?.compactMap(\.stringValue) ?? [])
        let fields = (schema["properties"]?.objectValue ?? [:]).sorted {
            (required.contains($0.key) ? 0 : 1, $0.key) < (required.contains($1.key) ? 0 : 1, $1.key)
        }
        return fields.flatMap { name, field in
            let isRequired = required.contains(name)
            let standard = isRequired ? "required" : field["default"].map { "`\($0)`" } ?? "-"
            let meaning = (field["description"]?.stringValue ?? "").replacing("|", with: "\\|")
            let row = "| `\(path)\(name)` | \(type(field)) | \(standard) | \(meaning) |"
            let nested = field["items"].map { rows($0, path: "\(path)\(name)[].") } ?? []
            return [row] + rows(field, path: "\(path)\(name).") + nested
        }
    }

    private static func type(_ field: JSON) -> String {
        if let words = field["enum"]?.arrayValue {
            return words.compactMap(\.stringValue).map { "`\($0)`" }.joined(separator: ", ")
        }
        switch field["type"]?.stringValue {
        case "string": return field["x-secret"] == true ? "secret" : "string"
        case "array": return "list of \(field["items"].map(type) ?? "anything")"
        case "object":
            guard let value = field["additionalProperties"], value.objectValue != nil else { return "object" }
            return "map of \(type(value))"
        case "integer", "number": return (field["type"]?.stringValue ?? "") + bounds(field)
        case let other: return other ?? "anything"
        }
    }

    private static func bounds(_ field: JSON) -> String {
        switch (field["minimum"], field["maximum"]) {
        case (let least?, let greatest?): ", \(least) to \(greatest)"
        case (let least?, nil): ", at least \(least)"
        case (nil, let greatest?): ", at most \(greatest)"
        case (nil, nil): ""
        }
    }
}
