import WireFormats

/// A segment of a query (RFC 9535, section 2.5).
struct PathSegment: Sendable {
    /// Whether it selects from the descendants of a node too (`..`).
    var isDescendant = false
    var selectors: [PathSelector]
}

enum PathSelector: Sendable {
    case name(String)
    case wildcard
    case index(Int)
    case slice(start: Int?, end: Int?, step: Int)
    case filter(LogicalExpression)
}

extension [PathSegment] {
    var isSingular: Bool {
        allSatisfy { segment in
            guard !segment.isDescendant, segment.selectors.count == 1 else { return false }
            switch segment.selectors[0] {
            case .name, .index: return true
            case .wildcard, .slice, .filter: return false
            }
        }
    }
}

/// A query within a filter.
struct FilterQuery: Sendable {
    /// Whether it begins at the current node (`@`) and not at the root (`$`).
    var isRelative: Bool
    var segments: [PathSegment]
}

/// A filter's condition (RFC 9535, section 2.3.5).
indirect enum LogicalExpression: Sendable {
    case or([LogicalExpression])
    case and([LogicalExpression])
    case not(LogicalExpression)
    case comparison(ValueExpression, ComparisonOperator, ValueExpression)
    case exists(FilterQuery)
    case matches(TextMatch)
}

enum ComparisonOperator: String, Sendable, CaseIterable {
    // In the order in which the parser tries them: `<=` before `<`.
    case equal = "=="
    case notEqual = "!="
    case lessOrEqual = "<="
    case greaterOrEqual = ">="
    case less = "<"
    case greater = ">"
}

/// An expression of the type `ValueType`: a value, or nothing.
indirect enum ValueExpression: Sendable {
    case literal(JSON)
    /// A singular query.
    case query(FilterQuery)
    case length(ValueExpression)
    case count(FilterQuery)
    case value(FilterQuery)
}

/// A call of `match()` or `search()`.
struct TextMatch: Sendable {
    enum Pattern: Sendable {
        case compiled(IRegexp)
        /// A literal that is not an I-Regexp or not a string.
        case never
        case computed(ValueExpression)
    }

    var text: ValueExpression
    var pattern: Pattern
    /// Whether the pattern has to match the whole text.
    var isWhole: Bool
}
