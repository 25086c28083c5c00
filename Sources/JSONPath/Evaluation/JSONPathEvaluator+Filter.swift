import WireFormats

extension JSONPathEvaluator {
    mutating func isTrue(
        _ condition: LogicalExpression, for current: JSON
    ) throws(JSONPathLimitError) -> Bool {
        try budget.spend()
        switch condition {
        case .or(let parts):
            for part in parts where try isTrue(part, for: current) { return true }
            return false
        case .and(let parts):
            for part in parts where !(try isTrue(part, for: current)) { return false }
            return true
        case .not(let part): return !(try isTrue(part, for: current))
        case .exists(let query): return !(try nodes(query, current).isEmpty)
        case .matches(let match): return try matches(match, current)
        case .comparison(let left, let symbol, let right):
            return try compare(try value(left, current), symbol, try value(right, current))
        }
    }

    private mutating func nodes(
        _ query: FilterQuery, _ current: JSON
    ) throws(JSONPathLimitError) -> [JSONPathNode] {
        try nodes(query.segments, from: JSONPathNode(value: query.isRelative ? current : root, location: .root))
    }

    /// Returns nil for nothing, which is not null.
    private mutating func value(
        _ expression: ValueExpression, _ current: JSON
    ) throws(JSONPathLimitError) -> JSON? {
        switch expression {
        case .literal(let json): return json
        case .query(let query): return try single(query, current)
        case .count(let query): return .integer(Int64(try nodes(query, current).count))
        case .value(let query):
            let nodes = try nodes(query, current)
            // A bare nil would be JSON's null.
            return nodes.count == 1 ? nodes[0].value : Optional.none
        case .length(let argument):
            switch try value(argument, current) {
            case .string(let text):
                try budget.spend(bytes: text.utf8.count)
                return .integer(Int64(text.unicodeScalars.count))
            case .array(let elements): return .integer(Int64(elements.count))
            case .object(let members): return .integer(Int64(members.count))
            default: return nil
            }
        }
    }

    private mutating func single(_ query: FilterQuery, _ current: JSON) throws(JSONPathLimitError) -> JSON? {
        var value = query.isRelative ? current : root
        for segment in query.segments {
            try budget.spend()
            let next: JSON? =
                switch segment.selectors[0] {
                case .name(let name): value.member(name)
                case .index(let index): value.element(at: index)?.1
                case .wildcard, .slice, .filter: nil
                }
            guard let next else { return nil }
            value = next
        }
        return value
    }

    private mutating func matches(_ match: TextMatch, _ current: JSON) throws(JSONPathLimitError) -> Bool {
        guard case .string(let text) = try value(match.text, current) else { return false }
        let pattern: IRegexp?
        switch match.pattern {
        case .compiled(let compiled): pattern = compiled
        case .never: pattern = nil
        case .computed(let expression):
            guard case .string(let source) = try value(expression, current) else { return false }
            pattern = try compiled(source)
        }
        return try pattern?.matches(text, isWhole: match.isWhole, &budget) ?? false
    }

    private mutating func compiled(_ source: String) throws(JSONPathLimitError) -> IRegexp? {
        if let lastPattern, lastPattern.text.utf8.elementsEqual(source.utf8) { return lastPattern.compiled }
        try budget.spend(IRegexpLimits.maxProgram)
        let compiled = try? IRegexp(parsing: source)
        lastPattern = (source, compiled)
        return compiled
    }

    // MARK: Comparisons (RFC 9535, section 2.3.5.2.2)

    private mutating func compare(
        _ left: JSON?, _ symbol: ComparisonOperator, _ right: JSON?
    ) throws(JSONPathLimitError) -> Bool {
        switch symbol {
        case .equal: return try isEqual(left, right)
        case .notEqual: return !(try isEqual(left, right))
        case .less: return try isLess(left, right)
        case .greater: return try isLess(right, left)
        case .lessOrEqual: return try isLess(left, right) ? true : isEqual(left, right)
        case .greaterOrEqual: return try isLess(right, left) ? true : isEqual(left, right)
        }
    }

    private mutating func isLess(_ left: JSON?, _ right: JSON?) throws(JSONPathLimitError) -> Bool {
        try budget.spend()
        switch (left, right) {
        case (.integer(let left), .integer(let right)): return left < right
        case (.string(let left), .string(let right)):
            try budget.spend(bytes: min(left.utf8.count, right.utf8.count))
            // The order of the bytes of UTF-8 is that of the characters.
            return left.utf8.lexicographicallyPrecedes(right.utf8)
        default:
            guard let left = left?.doubleValue, let right = right?.doubleValue else { return false }
            return left < right
        }
    }

    private mutating func isEqual(_ left: JSON?, _ right: JSON?) throws(JSONPathLimitError) -> Bool {
        try budget.spend()
        switch (left, right) {
        case (nil, nil), (.null, .null): return true
        case (.bool(let left), .bool(let right)): return left == right
        case (.integer(let left), .integer(let right)): return left == right
        case (.string(let left), .string(let right)):
            guard left.utf8.count == right.utf8.count else { return false }
            try budget.spend(bytes: left.utf8.count)
            return left.utf8.elementsEqual(right.utf8)
        case (.array(let left), .array(let right)):
            guard left.count == right.count else { return false }
            for (left, right) in zip(left, right) where !(try isEqual(left, right)) { return false }
            return true
        case (.object(let left), .object(let right)):
            guard left.count == right.count else { return false }
            let other = JSON.object(right)
            for (name, value) in left {
                guard let member = other.member(name), try isEqual(value, member) else { return false }
            }
            return true
        default:
            guard let left = left?.doubleValue, let right = right?.doubleValue else { return false }
            return left == right
        }
    }
}
