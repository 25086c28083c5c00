/// The fields of an object that its reader needs. The others are skipped unread, however large they are.
package struct ObjectFields: Sendable {
    /// A rule for the parts of a value that are kept.
    enum Rule: Sendable {
        case nothing
        case all
        /// Of an object, the members of these names; any other value whole.
        case members([String])
        /// Of an object, all members but those of these names.
        case allBut([String])
    }

    /// By the name of the member; nil to keep all but `metadata.managedFields`, which say who set which field.
    private let rules: [String: Rule]?

    package static let all = ObjectFields(rules: nil)
    /// What identifies an object and its version.
    package static let identity = ObjectFields([:])

    /// Members of `metadata` that identify an object and its version.
    static let identifying = [
        "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
    ]

    private init(rules: [String: Rule]?) {
        self.rules = rules
    }

    /// What identifies the object, and some members of its parts.
    ///
    /// - Parameters:
    ///   - parts: names of members by the name of the part, such as `["spec": ["replicas"]]`.
    ///   - metadata: further members of `metadata`.
    ///   - whole: parts that are kept whole.
    package init(_ parts: [String: [String]], metadata: [String] = [], whole: [String] = []) {
        var rules = parts.mapValues { Rule.members($0) }
        for name in whole + ["apiVersion", "kind"] { rules[name] = .all }
        rules["metadata"] = .members(Self.identifying + metadata)
        self.rules = rules
    }

    func rule(for name: ArraySlice<UInt8>) -> Rule {
        guard let rules else {
            return name.elementsEqual("metadata".utf8) ? .allBut(["managedFields"]) : .all
        }
        return rules[String(decoding: name, as: UTF8.self)] ?? .nothing
    }
}
