import WireFormats

extension JSON {
    /// The value at a path of member names; nil if the path does not exist.
    subscript(at path: [String]) -> JSON? {
        var value: JSON? = self
        for name in path {
            guard let member = value?[name] else { return nil }
            value = member
        }
        return value
    }

    subscript(at path: String...) -> JSON? { self[at: path] }

    func string(_ path: String...) -> String? { self[at: path]?.stringValue }

    func int(_ path: String...) -> Int? { self[at: path]?.intValue }

    /// Sets the member at the path and creates missing objects on the way; nil removes it.
    mutating func set(_ value: JSON?, at path: ArraySlice<String>) {
        guard let name = path.first else { return }
        // Moves the members out of `self` first, so that the dictionary is unique and setting copies nothing.
        var members: [String: JSON]
        if case .object(let existing) = self { members = existing } else { members = [:] }
        self = .null
        if path.count == 1 {
            members[name] = value
        } else if value != nil || members[name] != nil {
            var member = members.removeValue(forKey: name) ?? .object([:])
            member.set(value, at: path.dropFirst())
            members[name] = member
        }
        self = .object(members)
    }

    mutating func set(_ value: JSON?, at path: String...) { set(value, at: path[...]) }

    /// Sets the member if it is absent.
    mutating func setDefault(_ value: JSON, at path: String...) {
        if self[at: path] == nil { set(value, at: path[...]) }
    }

    /// Returns the value without null members at any depth, as a typed decoder reads it.
    func withoutNulls() -> JSON {
        switch self {
        case .object(let members):
            .object(members.filter { !$0.value.isNull }.mapValues { $0.withoutNulls() })
        case .array(let elements): .array(elements.map { $0.withoutNulls() })
        default: self
        }
    }
}

extension JSON {
    /// The metadata of a Kubernetes object.
    var metadata: JSON { self["metadata"] ?? .object([:]) }
    var name: String { string("metadata", "name") ?? "" }
    var namespace: String { string("metadata", "namespace") ?? "" }
    var resourceVersion: String { string("metadata", "resourceVersion") ?? "" }
    var finalizers: [String] { self[at: "metadata", "finalizers"]?.arrayValue?.compactMap(\.stringValue) ?? [] }
    var isBeingDeleted: Bool { self[at: "metadata", "deletionTimestamp"] != nil }
    var labels: [String: String] {
        self[at: "metadata", "labels"]?.objectValue?.compactMapValues(\.stringValue) ?? [:]
    }
}
