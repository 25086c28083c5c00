package import ScalerAPI
package import WireFormats
import YAMLFormat

/// The changes from one spec to another as a JSON patch (RFC 6902), which changes nothing else: the configs of metrics,
/// which the console does not have, stay.
package struct SpecPatch: Sendable {
    package let operations: [JSON]

    /// The objects of a spec whose fields are changed one by one.
    private static let parts = ["safety", "fallback", "forecast"]

    package init(from present: GeneralScalerSpec, to changed: GeneralScalerSpec) {
        let old = present.json(configs: true).objectValue ?? [:]
        let new = changed.json(configs: true).objectValue ?? [:]
        var operations = Self.metrics(old["metrics"]?.arrayValue ?? [], new["metrics"]?.arrayValue ?? [])
        for key in Set(old.keys).union(new.keys).sorted() where key != "metrics" && old[key] != new[key] {
            if Self.parts.contains(key), let before = old[key]?.objectValue, let after = new[key]?.objectValue {
                operations += Self.fields(before, after, at: "/spec/\(key)")
            } else {
                operations.append(Self.operation("/spec/\(key)", new[key]))
            }
        }
        self.operations = operations
    }

    package var isEmpty: Bool { operations.isEmpty }

    /// As YAML, for `kubectl patch --patch-file`.
    package var yaml: String { operations.isEmpty ? "[]\n" : YAMLText.text(.array(operations)) }

    private static func operation(_ path: String, _ value: JSON?) -> JSON {
        // `add` also replaces a member, and does not need to know whether there is one.
        value.map { ["op": "add", "path": .string(path), "value": $0] } ?? ["op": "remove", "path": .string(path)]
    }

    private static func fields(_ old: [String: JSON], _ new: [String: JSON], at path: String) -> [JSON] {
        Set(old.keys).union(new.keys).sorted().filter { old[$0] != new[$0] }.map { operation("\(path)/\($0)", new[$0]) }
    }

    /// Metrics are compared by name. A test of an unchanged field refuses a patch of metrics that have moved since.
    private static func metrics(_ old: [JSON], _ new: [JSON]) -> [JSON] {
        let names = new.map { $0["name"] }
        var operations: [JSON] = []
        var removed: [JSON] = []
        for (index, metric) in old.enumerated() {
            let path = "/spec/metrics/\(index)"
            let identity = metric["type"] == nil ? "formula" : "type"
            let test: JSON = ["op": "test", "path": .string("\(path)/\(identity)"), "value": metric[identity] ?? .null]
            guard let place = names.firstIndex(of: metric["name"]), let changed = new[place].objectValue else {
                // From the last on, so that the places of the others stay.
                removed = [test, operation(path, nil)] + removed
                continue
            }
            let changes = fields(metric.objectValue ?? [:], changed, at: path)
            if !changes.isEmpty { operations += [test] + changes }
        }
        let known = Set(old.map { $0["name"] })
        return operations + removed
            + new.filter { !known.contains($0["name"]) }.map { operation("/spec/metrics/-", $0) }
    }
}
