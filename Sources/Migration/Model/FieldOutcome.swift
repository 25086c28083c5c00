/// The outcome of a field of a source object.
package enum FieldOutcome: Sendable, Hashable {
    /// The field has the same meaning in the result.
    case converted(to: String)
    /// The field has an equivalent with another meaning in some cases.
    case different(to: String, meaning: String)
    /// The field has no equivalent; `nearest` is the nearest way to the same effect.
    case notConvertible(nearest: String)

    /// The name of the case in reports.
    package var name: String {
        switch self {
        case .converted: "converted"
        case .different: "different"
        case .notConvertible: "notConvertible"
        }
    }

    private var severity: Int {
        switch self {
        case .converted: 0
        case .different: 1
        case .notConvertible: 2
        }
    }

    /// Returns the more severe of two outcomes; of equal ones, both places.
    func merged(with other: FieldOutcome, keepsBest: Bool) -> FieldOutcome {
        if severity != other.severity { return (severity > other.severity) != keepsBest ? self : other }
        switch (self, other) {
        case (.converted(let first), .converted(let second)) where !first.contains(second):
            return .converted(to: "\(first), \(second)")
        case (.different(let first, let meaning), .different(let second, let other)):
            let places = first.contains(second) || second.isEmpty ? first : "\(first), \(second)"
            return .different(to: places, meaning: meaning.contains(other) ? meaning : "\(meaning); \(other)")
        default:
            return self
        }
    }
}

/// A field of a source object, and its outcome.
package struct FieldFinding: Sendable, Hashable {
    /// The path of the field, such as `spec.triggers[0].metadata.query`. The members of a field without members of
    /// interest, such as `status`, are not listed.
    package let path: String
    package let line: Int?
    package let outcome: FieldOutcome
}
