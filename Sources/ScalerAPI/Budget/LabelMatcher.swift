import WireFormats

/// A label selector of Kubernetes, to compare with labels.
package struct LabelMatcher: Sendable, Hashable {
    private enum Requirement: Hashable {
        case isIn(Set<String>)
        case isNotIn(Set<String>)
        case exists
        case isAbsent
    }

    private struct Term: Hashable {
        let key: String
        let requirement: Requirement
    }

    private let terms: [Term]

    /// The most terms of a selector, which bounds the time of a comparison.
    static let maxTerms = 64

    /// Matches everything.
    package static let everything = LabelMatcher(terms: [])

    private init(terms: [Term]) {
        self.terms = terms
    }

    init(_ selector: JSONReader) throws(JSONPathError) {
        try selector.rejectUnknown("matchLabels", "matchExpressions")
        var terms: [Term] = []
        if let labels = try selector.optional("matchLabels") {
            for key in try labels.object().keys.sorted() {
                terms.append(Term(key: key, requirement: .isIn([try labels.required(key).string()])))
            }
        }
        for expression in try selector.optional("matchExpressions")?.elements() ?? [] {
            terms.append(try Self.term(expression))
        }
        guard terms.count <= Self.maxTerms else {
            throw selector.error("must have at most \(Self.maxTerms) terms, not \(terms.count)")
        }
        self.terms = terms
    }

    private enum Operator: String, CaseIterable {
        case isIn = "In"
        case isNotIn = "NotIn"
        case exists = "Exists"
        case isAbsent = "DoesNotExist"
    }

    private static func term(_ expression: JSONReader) throws(JSONPathError) -> Term {
        try expression.rejectUnknown("key", "operator", "values")
        let key = try expression.required("key").nonEmptyString()
        let comparison = try expression.required("operator").oneOf(Operator.self)
        var values: Set<String> = []
        for value in try expression.optional("values")?.elements() ?? [] { values.insert(try value.string()) }
        let takesValues = comparison == .isIn || comparison == .isNotIn
        guard values.isEmpty != takesValues else {
            throw JSONPathError(
                path: "\(expression.path).values",
                message: takesValues
                    ? "needs at least one entry for \(comparison.rawValue)" : "must be empty for \(comparison.rawValue)"
            )
        }
        let requirement: Requirement =
            switch comparison {
            case .isIn: .isIn(values)
            case .isNotIn: .isNotIn(values)
            case .exists: .exists
            case .isAbsent: .isAbsent
            }
        return Term(key: key, requirement: requirement)
    }

    /// As in Kubernetes, a label that is absent matches `NotIn`.
    package func matches(_ labels: [String: String]) -> Bool {
        terms.allSatisfy { term in
            switch term.requirement {
            case .isIn(let values): labels[term.key].map(values.contains) ?? false
            case .isNotIn(let values): labels[term.key].map { !values.contains($0) } ?? true
            case .exists: labels[term.key] != nil
            case .isAbsent: labels[term.key] == nil
            }
        }
    }
}

/// A selection of GeneralScalers by their labels and those of their namespace.
package struct ScalerSelector: Sendable, Hashable {
    package var labels: LabelMatcher
    package var namespaceLabels: LabelMatcher

    package init(labels: LabelMatcher = .everything, namespaceLabels: LabelMatcher = .everything) {
        self.labels = labels
        self.namespaceLabels = namespaceLabels
    }

    /// Reads `selector` and `namespaceSelector` of an object; an absent one matches everything.
    init(in object: JSONReader) throws(JSONPathError) {
        labels =
            try object.optional("selector").map { selector throws(JSONPathError) in
                try LabelMatcher(selector)
            } ?? .everything
        namespaceLabels =
            try object.optional("namespaceSelector").map { selector throws(JSONPathError) in
                try LabelMatcher(selector)
            } ?? .everything
    }

    package func matches(labels own: [String: String], namespaceLabels others: [String: String]) -> Bool {
        labels.matches(own) && namespaceLabels.matches(others)
    }
}
