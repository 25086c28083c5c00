/// The fields of an object that its reader needs. The others are skipped without parsing, regardless of their size.
package struct ObjectFields: Sendable {
    /// A rule for the parts of a value to keep.
    indirect enum Rule: Sendable {
        case nothing
        case all
        /// The members of these names of an object; any other value whole.
        case members([String])
        /// The members of an object by their own rules, in an array those of each object; any other value whole.
        case parts([String: Rule])
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
    ///   - paths: values that are kept whole, by the names on the way to them. In an array, each object has them.
    package init(
        _ parts: [String: [String]], metadata: [String] = [], whole: [String] = [], paths: [[String]] = []
    ) {
        var rules = parts.mapValues { Rule.members($0) }
        for path in paths { Self.add(path[...], to: &rules) }
        for name in whole + ["apiVersion", "kind"] { rules[name] = .all }
        rules["metadata"] = .members(Self.identifying + metadata)
        self.rules = rules
    }

    private static func add(_ path: ArraySlice<String>, to rules: inout [String: Rule]) {
        guard let name = path.first else { return }
        let rest = path.dropFirst()
        guard !rest.isEmpty else {
            rules[name] = .all
            return
        }
        var parts: [String: Rule] =
            switch rules[name] {
            case .parts(let parts): parts
            case .members(let names): Dictionary(uniqueKeysWithValues: names.map { ($0, .all) })
            default: [:]
            }
        add(rest, to: &parts)
        rules[name] = .parts(parts)
    }

    func rule(for name: ArraySlice<UInt8>) -> Rule {
        guard let rules else {
            return name.elementsEqual("metadata".utf8) ? .allBut(["managedFields"]) : .all
        }
        return rules[String(decoding: name, as: UTF8.self)] ?? .nothing
    }
}
