import Foundation
import WireFormats

/// The table of accepted and refused specs, with which `scripts/check-crd.py` also checks the resource's schema and CEL
/// rules.
struct SpecTable {
    struct Row {
        let spec: JSON
        /// The field in the error, such as `metrics[0].type`; nil if the spec is accepted.
        let field: String?
        /// The change to the spec, for a message.
        let change: JSON
    }

    let rows: [Row]

    init() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../Fixtures/Resource/specs.json")
        let table = try JSONReader(JSON(parsing: Array(Data(contentsOf: file))))
        let example = try table.required("example").value
        rows = try ["accepted", "refused"].flatMap { part in
            try table.required(part).elements().map { row in
                try Row(
                    spec: Self.changed(example, row), field: row.optional("field")?.string(), change: row.value)
            }
        }
    }

    private static func changed(_ example: JSON, _ row: JSONReader) throws -> JSON {
        var spec = example
        for (path, value) in try row.optional("set")?.object() ?? [:] { spec = set(value, in: spec, keys(path)) }
        for path in try row.optional("remove")?.elements() ?? [] { spec = set(nil, in: spec, keys(try path.string())) }
        return spec
    }

    private static func keys(_ path: String) -> ArraySlice<Substring> {
        path.split { ".[]".contains($0) }[...]
    }

    private static func set(_ value: JSON?, in json: JSON, _ keys: ArraySlice<Substring>) -> JSON {
        guard let key = keys.first else { return value ?? .null }
        let rest = keys.dropFirst()
        if case .array(var elements) = json, let index = Int(key) {
            elements[index] = set(value, in: elements[index], rest)
            return .array(elements)
        }
        var members = json.objectValue ?? [:]
        members[String(key)] = rest.isEmpty ? value : set(value, in: members[String(key)] ?? [:], rest)
        return .object(members)
    }
}
