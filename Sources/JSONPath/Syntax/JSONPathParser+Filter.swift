import WireFormats

extension JSONPathParser {
    mutating func logicalOr() throws(JSONPathSyntaxError) -> LogicalExpression {
        var parts = [try logicalAnd()]
        while takeOperator("||") { parts.append(try logicalAnd()) }
        return parts.count == 1 ? parts[0] : .or(parts)
    }

    private mutating func logicalAnd() throws(JSONPathSyntaxError) -> LogicalExpression {
        var parts = [try basic()]
        while takeOperator("&&") { parts.append(try basic()) }
        return parts.count == 1 ? parts[0] : .and(parts)
    }

    /// Takes the operator and the white space around it, or nothing.
    private mutating func takeOperator(_ text: String) -> Bool {
        let start = index
        skipBlanks()
        guard take(text: text) else {
            index = start
            return false
        }
        skipBlanks()
        return true
    }

    private mutating func basic() throws(JSONPathSyntaxError) -> LogicalExpression {
        if take("!") {
            skipBlanks()
            if current == "(" { return .not(try parenthesized()) }
            let start = index
            return .not(try test(try operand(), at: start))
        }
        if current == "(" { return try parenthesized() }
        let start = index
        let left = try operand()
        guard let symbol = ComparisonOperator.allCases.first(where: { takeOperator($0.rawValue) }) else {
            return try test(left, at: start)
        }
        let rightStart = index
        let right = try operand()
        return .comparison(
            try value(left, at: start, of: "a comparison"), symbol,
            try value(right, at: rightStart, of: "a comparison"))
    }

    private mutating func parenthesized() throws(JSONPathSyntaxError) -> LogicalExpression {
        try nested { (parser) throws(JSONPathSyntaxError) in
            _ = parser.take("(")
            parser.skipBlanks()
            let expression = try parser.logicalOr()
            parser.skipBlanks()
            guard parser.take(")") else { throw parser.error("expected )") }
            return expression
        }
    }

    // MARK: Operands and their types (RFC 9535, section 2.4.3)

    /// What stands in a test, on a side of a comparison or as an argument, before its place decides its type.
    private enum Operand {
        case literal(JSON)
        case query(FilterQuery)
        case value(ValueExpression, function: String)
        case logical(TextMatch, function: String)
    }

    private func test(_ operand: Operand, at start: Int) throws(JSONPathSyntaxError) -> LogicalExpression {
        switch operand {
        case .query(let query): return .exists(query)
        case .logical(let match, _): return .matches(match)
        case .literal: throw error("a literal alone is not a condition: compare it with something", at: start)
        case .value(_, let function):
            throw error("\(function)() returns a value: compare it with something", at: start)
        }
    }

    /// - Parameter place: what demands a value.
    private func value(
        _ operand: Operand, at start: Int, of place: String
    ) throws(JSONPathSyntaxError) -> ValueExpression {
        switch operand {
        case .literal(let json): return .literal(json)
        case .value(let value, _): return value
        case .query(let query):
            guard query.segments.isSingular else {
                throw error("\(place) needs a query that selects one node at most", at: start)
            }
            return .query(query)
        case .logical(_, let function):
            throw error("\(function)() is true or false and not a value of \(place)", at: start)
        }
    }

    private func nodes(
        _ operand: Operand, at start: Int, of place: String
    ) throws(JSONPathSyntaxError) -> FilterQuery {
        guard case .query(let query) = operand else { throw error("\(place) needs a query", at: start) }
        return query
    }

    private mutating func operand() throws(JSONPathSyntaxError) -> Operand {
        guard let first = current else { throw error("expected an operand") }
        switch first {
        case "@", "$":
            let isRelative = first == "@"
            index += 1
            return .query(FilterQuery(isRelative: isRelative, segments: try segments()))
        case "'", "\"": return .literal(.string(try stringLiteral()))
        case "-", "0"..."9": return .literal(try numberLiteral())
        case "a"..."z": return try word()
        default: throw error("expected a query that begins with @ or $, a literal or a function")
        }
    }

    /// A function call, `true`, `false` or `null`.
    private mutating func word() throws(JSONPathSyntaxError) -> Operand {
        let start = index
        while let scalar = current, "a"..."z" ~= scalar || scalar == "_" || Self.isDigit(scalar) { index += 1 }
        let name = text(start..<index)
        guard current == "(" else {
            switch name {
            case "true": return .literal(true)
            case "false": return .literal(false)
            case "null": return .literal(.null)
            default: throw error("expected a query that begins with @ or $, a literal or a function", at: start)
            }
        }
        return try nested { (parser) throws(JSONPathSyntaxError) in try parser.call(name, at: start) }
    }

    private mutating func call(_ name: String, at start: Int) throws(JSONPathSyntaxError) -> Operand {
        let arguments = try arguments()
        let place = "\(name)()"
        func require(_ count: Int) throws(JSONPathSyntaxError) {
            guard arguments.count == count else {
                throw error("\(place) has \(count == 1 ? "one argument" : "two arguments")", at: start)
            }
        }
        switch name {
        case "length":
            try require(1)
            return .value(.length(try value(arguments[0].0, at: arguments[0].at, of: place)), function: name)
        case "count":
            try require(1)
            return .value(.count(try nodes(arguments[0].0, at: arguments[0].at, of: place)), function: name)
        case "value":
            try require(1)
            return .value(.value(try nodes(arguments[0].0, at: arguments[0].at, of: place)), function: name)
        case "match", "search":
            try require(2)
            let text = try value(arguments[0].0, at: arguments[0].at, of: place)
            let pattern = pattern(try value(arguments[1].0, at: arguments[1].at, of: place))
            return .logical(TextMatch(text: text, pattern: pattern, isWhole: name == "match"), function: name)
        default:
            throw error("unknown function \(place); known are length, count, value, match and search", at: start)
        }
    }

    private mutating func arguments() throws(JSONPathSyntaxError) -> [(Operand, at: Int)] {
        _ = take("(")
        skipBlanks()
        var arguments: [(Operand, at: Int)] = []
        if take(")") { return arguments }
        repeat {
            skipBlanks()
            let start = index
            arguments.append((try operand(), at: start))
            skipBlanks()
        } while take(",")
        guard take(")") else { throw error("expected , or )") }
        return arguments
    }

    private mutating func pattern(_ expression: ValueExpression) -> TextMatch.Pattern {
        guard case .literal(let literal) = expression else { return .computed(expression) }
        guard case .string(let text) = literal else { return .never }
        do throws(IRegexpSyntaxError) {
            return .compiled(try IRegexp(parsing: text))
        } catch {
            invalidPatterns.append(error)
            return .never
        }
    }
}
