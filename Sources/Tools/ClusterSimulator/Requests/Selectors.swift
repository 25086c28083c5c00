import WireFormats

/// A label selector in text form: `tier=gold,env in (a,b),!old`.
struct LabelSelector: Sendable, Hashable {
    private enum Requirement: Sendable, Hashable {
        case exists(String)
        case missing(String)
        case oneOf(String, Set<String>)
        case noneOf(String, Set<String>)
    }

    static let everything = LabelSelector(requirements: [])

    private let requirements: [Requirement]

    var selectsEverything: Bool { requirements.isEmpty }

    private init(requirements: [Requirement]) {
        self.requirements = requirements
    }

    init(parsing text: String) throws(StatusError) {
        var requirements: [Requirement] = []
        for part in Self.split(text) {
            guard let requirement = Self.requirement(part) else {
                throw .badRequest("unable to parse requirement: found '\(part)'")
            }
            requirements.append(requirement)
        }
        self.requirements = requirements
    }

    /// - Parameter selector: a valid selector in object form, with `matchLabels` and `matchExpressions`.
    init(_ selector: JSON) {
        let equalities = (selector["matchLabels"]?.objectValue ?? [:]).map { key, value in
            Requirement.oneOf(key, [value.stringValue ?? ""])
        }
        let expressions = (selector["matchExpressions"]?.arrayValue ?? []).map { expression in
            let key = expression.string("key") ?? ""
            let values = Set(expression["values"]?.arrayValue?.compactMap(\.stringValue) ?? [])
            return switch expression.string("operator") {
            case "In": Requirement.oneOf(key, values)
            case "NotIn": Requirement.noneOf(key, values)
            case "DoesNotExist": Requirement.missing(key)
            default: Requirement.exists(key)
            }
        }
        requirements = equalities + expressions
    }

    func matches(_ labels: [String: String]) -> Bool {
        requirements.allSatisfy { requirement in
            switch requirement {
            case .exists(let key): labels[key] != nil
            case .missing(let key): labels[key] == nil
            case .oneOf(let key, let values): labels[key].map(values.contains) ?? false
            case .noneOf(let key, let values): !(labels[key].map(values.contains) ?? false)
            }
        }
    }

    /// Splits at commas outside parentheses.
    private static func split(_ text: String) -> [String] {
        var parts: [String] = []
        var part = ""
        var depth = 0
        for character in text {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if character == ",", depth == 0 {
                parts.append(part)
                part = ""
            } else {
                part.append(character)
            }
        }
        parts.append(part)
        return parts.map { $0[...].trimmingSpaces() }.filter { !$0.isEmpty }
    }

    private static func requirement(_ text: String) -> Requirement? {
        if text.hasPrefix("!") { return key(String(text.dropFirst())).map(Requirement.missing) }
        for (mark, isNegative) in [("!=", true), ("==", false), ("=", false)] {
            guard let range = text.firstRange(of: mark) else { continue }
            guard let key = key(text[..<range.lowerBound].trimmingSpaces()) else { return nil }
            let value = text[range.upperBound...].trimmingSpaces()
            guard NameRules.labelValueProblem(value) == nil else { return nil }
            return isNegative ? .noneOf(key, [value]) : .oneOf(key, [value])
        }
        let words = text.split(separator: " ", maxSplits: 1)
        guard words.count == 2 else { return key(text).map(Requirement.exists) }
        let isNegative = words[1].hasPrefix("notin")
        guard isNegative || words[1].hasPrefix("in"), let key = key(String(words[0])) else { return nil }
        let list = words[1].dropFirst(isNegative ? 5 : 2).trimmingSpaces()
        guard list.hasPrefix("("), list.hasSuffix(")") else { return nil }
        let values = Set(
            list.dropFirst().dropLast().split(separator: ",", omittingEmptySubsequences: false).map {
                $0.trimmingSpaces()
            })
        return isNegative ? .noneOf(key, values) : .oneOf(key, values)
    }

    private static func key(_ text: String) -> String? {
        NameRules.qualifiedNameProblem(text) == nil ? text : nil
    }
}

/// A field selector: equalities of the few fields that a kind supports.
struct FieldSelector: Sendable {
    private struct Requirement: Sendable {
        let path: [String]
        let value: String
        let isNegative: Bool
    }

    static let everything = FieldSelector(requirements: [])

    private let requirements: [Requirement]

    var selectsEverything: Bool { requirements.isEmpty }

    private init(requirements: [Requirement]) {
        self.requirements = requirements
    }

    /// - Parameter fields: the path in the stored object of each selectable field.
    init(parsing text: String, fields: [String: [String]]) throws(StatusError) {
        var requirements: [Requirement] = []
        for part in text.split(separator: ",") {
            let isNegative = part.contains("!=")
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2 else {
                throw .badRequest("invalid selector: '\(text)'; can't understand '\(part)'")
            }
            let name = isNegative ? String(sides[0].dropLast()) : String(sides[0])
            let value = sides[1].hasPrefix("=") ? sides[1].dropFirst() : sides[1]
            guard let path = fields[name] else { throw .badRequest("field label not supported: \(name)") }
            requirements.append(Requirement(path: path, value: String(value), isNegative: isNegative))
        }
        self.requirements = requirements
    }

    func matches(_ object: JSON) -> Bool {
        requirements.allSatisfy { requirement in
            let found: String =
                switch object[at: requirement.path] {
                case .string(let text): text
                case .integer, .number, .bool: object[at: requirement.path]?.description ?? ""
                default: ""
                }
            return (found == requirement.value) != requirement.isNegative
        }
    }
}

/// The selectors of a list or a watch.
struct Selection: Sendable {
    var namespace: String
    var name: String?
    var labels: LabelSelector
    var fields: FieldSelector

    var selectsByContent: Bool { !labels.selectsEverything || !fields.selectsEverything }

    func matches(_ object: ObjectVersion) -> Bool {
        (namespace.isEmpty || object.key.namespace == namespace) && (name == nil || object.key.name == name)
            && labels.matches(object.labels) && fields.matches(object.json)
    }
}

extension Selection {
    init(_ call: Call) throws(StatusError) {
        namespace = call.type.isNamespaced ? call.info.namespace : ""
        name = call.info.name
        labels = .everything
        fields = .everything
        if let text = call.request.parameter("labelSelector") { labels = try LabelSelector(parsing: text) }
        if let text = call.request.parameter("fieldSelector") {
            fields = try FieldSelector(parsing: text, fields: call.type.fieldPaths)
        }
    }
}
