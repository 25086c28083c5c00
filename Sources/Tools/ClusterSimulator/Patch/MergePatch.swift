import WireFormats

/// JSON Merge Patch (RFC 7386).
enum MergePatch {
    static func apply(_ patch: JSON, to value: JSON) -> JSON {
        guard case .object(let changes) = patch else { return patch }
        var members = value.objectValue ?? [:]
        for (name, change) in changes {
            if change.isNull {
                members.removeValue(forKey: name)
            } else {
                members[name] = apply(change, to: members[name] ?? .null)
            }
        }
        return .object(members)
    }
}
