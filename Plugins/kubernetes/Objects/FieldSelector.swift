import WireFormats

/// The place of a field in an object, such as `status.phase` or `status.conditions[Complete]`.
struct FieldPath: Sendable, Hashable {
    private enum Step: Sendable, Hashable {
        case member(String)
        /// The status of the element of a list whose `type` is this.
        case condition(String)
    }

    private static let maxSteps = 16
    private static let roots: Set<String> = ["metadata", "spec", "status"]

    private let steps: [Step]

    /// Returns nil if the text is not a path.
    init?(_ text: Substring) {
        var steps: [Step] = []
        for part in text.split(separator: ".", omittingEmptySubsequences: false) {
            let name = part.prefix { $0 != "[" }
            guard !name.isEmpty, !name.contains("]") else { return nil }
            steps.append(.member(String(name)))
            guard name.endIndex < part.endIndex else { continue }
            let type = part[name.endIndex...].dropFirst().dropLast()
            guard part.last == "]", !type.isEmpty, !type.contains("]"), !type.contains("[") else { return nil }
            steps.append(.condition(String(type)))
        }
        guard case .member(let root)? = steps.first, Self.roots.contains(root), steps.count <= Self.maxSteps else {
            return nil
        }
        self.steps = steps
    }

    /// Returns the scalar there as text; an empty text if there is none.
    func text(in object: JSON) -> String {
        var value = object
        for step in steps {
            switch step {
            case .member(let name): value = value[name] ?? .null
            case .condition(let type):
                value = value.arrayValue?.first { $0["type"]?.stringValue == type }?["status"] ?? .null
            }
        }
        switch value {
        case .string(let text): return text.utf8.count <= KubernetesLimits.maxFieldBytes ? text : ""
        case .integer, .number, .bool: return value.description
        case .null, .array, .object: return ""
        }
    }
}

/// Conditions on fields, such as `status.phase=Pending,spec.nodeName=`. A field that is absent is an empty text, as in the
/// field selectors of Kubernetes; these here apply to every field.
struct FieldSelector: Sendable, Hashable {
    private struct Requirement: Sendable, Hashable {
        let path: FieldPath
        let value: String
        let isNegative: Bool
    }

    static let everything = FieldSelector(requirements: [])

    private let requirements: [Requirement]

    var paths: Set<FieldPath> { Set(requirements.map(\.path)) }

    private init(requirements: [Requirement]) {
        self.requirements = requirements
    }

    init(parsing text: String) throws(ConfigFault) {
        guard text.utf8.count <= KubernetesLimits.maxSelectorBytes else {
            throw ConfigFault("must be at most \(KubernetesLimits.maxSelectorBytes) bytes")
        }
        var requirements: [Requirement] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let part = part.trimmed
            guard let mark = part.firstIndex(of: "=") else { throw Self.fault(part) }
            let isNegative = part[..<mark].hasSuffix("!")
            let name = isNegative ? part[..<mark].dropLast() : part[..<mark]
            let rest = part[part.index(after: mark)...]
            let value = rest.hasPrefix("=") && !isNegative ? rest.dropFirst() : rest
            guard let path = FieldPath(name.trimmed) else { throw Self.fault(part) }
            requirements.append(Requirement(path: path, value: String(value.trimmed), isNegative: isNegative))
        }
        guard requirements.count <= KubernetesLimits.maxRequirements else {
            throw ConfigFault("must have at most \(KubernetesLimits.maxRequirements) requirements")
        }
        self.requirements = requirements
    }

    func matches(_ values: [FieldPath: String]) -> Bool {
        requirements.allSatisfy { ((values[$0.path] ?? "") == $0.value) != $0.isNegative }
    }

    private static func fault(_ part: Substring) -> ConfigFault {
        ConfigFault(
            "has \"\(part)\", which is not a condition such as status.phase=Pending, spec.suspend!=true or "
                + "status.conditions[Complete]!=True; fields begin with metadata, spec or status")
    }
}

/// What is kept of a listed object.
struct ListedObject: Sendable, Hashable {
    let labels: [String: String]
    /// Without those that are empty.
    let fields: [FieldPath: String]

    init(_ json: JSON, _ paths: Set<FieldPath>) {
        labels = (json["metadata"]?["labels"]?.objectValue ?? [:]).compactMapValues(\.stringValue)
        var fields: [FieldPath: String] = [:]
        for path in paths {
            let text = path.text(in: json)
            if !text.isEmpty { fields[path] = text }
        }
        self.fields = fields
    }
}

struct ObjectList: Sendable {
    let objects: [ListedObject]
    let readAtMicroseconds: Int64
}
