/// The fields of an object that its reader needs. The others are skipped without parsing, regardless of their size.
package struct ObjectFields: Sendable {
    /// A rule for the parts of a value to keep.
    enum Rule: Sendable {
        case nothing
        case all
        /// The members of these names of an object; any other value whole.
        case members([String])
        /// All members of an object except these.
        case allBut([String])
    }

    /// The rules by member name; nil to keep everything except `metadata.managedFields`.
    private let rules: [String: Rule]?

    package static let all = ObjectFields(rules: nil)
    /// The fields that identify an object and its version.
    package static let identity = ObjectFields([:])

    /// Members of `metadata` that identify an object and its version.
    static let identifying = [
        "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
    ]

    private init(rules: [String: Rule]?) {
        self.rules = rules
    }

    /// Selects the fields that identify the object, and some members of its parts.
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
