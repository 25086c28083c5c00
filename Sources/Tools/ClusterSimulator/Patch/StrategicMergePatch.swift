import WireFormats

/// Kubernetes' strategic merge patch: a merge patch that merges lists of built-in kinds by item.
///
/// Source: "Update API Objects in Place Using kubectl patch" and the directives `$patch`, `$deleteFromPrimitiveList`,
/// `$setElementOrder` and `$retainKeys` of k8s.io/apimachinery's strategicpatch.
enum StrategicMergePatch {
    struct Failure: Error {
        let message: String
    }

    static func apply(_ patch: JSON, to value: JSON, schema: Schema?) throws(Failure) -> JSON {
        guard case .object(var changes) = patch else { return patch }
        switch changes.removeValue(forKey: "$patch")?.stringValue {
        case "replace": return .object(changes)
        case "delete": return .object([:])
        default: break
        }
        var members = value.objectValue ?? [:]
        if let kept = changes.removeValue(forKey: "$retainKeys")?.arrayValue {
            members = members.filter { kept.contains(.string($0.key)) }
        }
        for (name, change) in changes where !name.hasPrefix("$") {
            if change.isNull {
                members[name] = nil
                continue
            }
            let memberSchema = schema?.member(name)
            switch change {
            case .object:
                members[name] = try apply(change, to: members[name] ?? .object([:]), schema: memberSchema)
            case .array(let elements):
                members[name] = .array(
                    try merge(elements, into: members[name]?.arrayValue ?? [], schema: memberSchema))
            default: members[name] = change
            }
        }
        for (name, directive) in changes where name.hasPrefix("$") {
            try apply(directive: name, directive, to: &members, schema: schema)
        }
        return .object(members)
    }

    private static func merge(_ patch: [JSON], into list: [JSON], schema: Schema?) throws(Failure) -> [JSON] {
        if schema?.sharing == .set {
            return list + patch.filter { !list.contains($0) }
        }
        guard let key = schema?.patchMergeKey else { return patch.filter { $0["$patch"] == nil } }
        var list = list
        if patch.contains(where: { $0.string("$patch") == "replace" }) {
            return patch.filter { $0["$patch"] == nil }
        }
        for item in patch {
            guard let identity = item[key] else {
                throw Failure(message: "map: \(item) does not contain declared merge key: \(key)")
            }
            let index = list.firstIndex { $0[key] == identity }
            if item.string("$patch") == "delete" {
                if let index { list.remove(at: index) }
            } else if let index {
                list[index] = try apply(item, to: list[index], schema: schema?.items)
            } else {
                list.append(try apply(item, to: .object([:]), schema: schema?.items))
            }
        }
        return list
    }

    private static func apply(
        directive: String, _ value: JSON, to members: inout [String: JSON], schema: Schema?
    ) throws(Failure) {
        let parts = directive.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2, let wanted = value.arrayValue else { return }
        let name = parts[1]
        guard let list = members[name]?.arrayValue else { return }
        switch parts[0] {
        case "$deleteFromPrimitiveList": members[name] = .array(list.filter { !wanted.contains($0) })
        case "$setElementOrder":
            let key = schema?.member(name)?.patchMergeKey
            members[name] = .array(ordered(list, as: wanted, key: key))
        default: throw Failure(message: "unknown directive \(directive)")
        }
    }

    /// Sorts the items in the given order; the others stay after the item that they followed.
    private static func ordered(_ list: [JSON], as order: [JSON], key: String?) -> [JSON] {
        func identity(_ item: JSON) -> JSON { key.flatMap { item[$0] } ?? item }
        let positions = Dictionary(
            order.enumerated().map { (identity($1), $0) }, uniquingKeysWith: { first, _ in first })
        var rank = -1
        let ranked = list.enumerated().map { index, item in
            if let position = positions[identity(item)] { rank = position }
            return (rank, index, item)
        }
        return ranked.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.2)
    }
}
