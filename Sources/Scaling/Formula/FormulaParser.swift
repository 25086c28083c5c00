/// Reads a formula by recursive descent, one function per level of precedence, and checks the types of its parts.
struct FormulaParser {
    /// A part of the formula that has been read.
    private struct Part {
        enum Kind { case number, boolean }
        enum Shape { case atom, sign, arithmetic, other }

        let node: FormulaNode
        let kind: Kind
        /// Without parentheses around it.
        let shape: Shape
        let range: Range<Int>
    }

    private var lexer: FormulaLexer
    private var token: FormulaLexer.Token = .end
    private var range = 0..<0
    /// Where the last token that was taken ends.
    private var lastEnd = 0
    private var nodes = 0
    private var depth = 0
    private(set) var mentions: [Formula.Mention] = []

    init(_ text: String) throws(FormulaError) {
        lexer = FormulaLexer(text)
        guard text.utf8.count <= Formula.Limits.bytes else {
            throw lexer.error(
                "has \(text.utf8.count) bytes, and at most \(Formula.Limits.bytes) are allowed", at: 0)
        }
        try advance()
    }

    mutating func parse() throws(FormulaError) -> FormulaNode {
        let result = try disjunction()
        guard token == .end else { throw unexpected("an operator or the end") }
        guard result.kind == .number else {
            throw lexer.error(
                "the result is true or false, and a metric needs a number: write if(condition, 1, 0)",
                at: result.range.lowerBound)
        }
        return result.node
    }

    // MARK: Tokens

    private mutating func advance() throws(FormulaError) {
        lastEnd = range.upperBound
        (token, range) = try lexer.next()
    }

    /// Takes the token if it is that operator or word.
    private mutating func take(_ text: String) throws(FormulaError) -> Bool {
        guard isNext(text) else { return false }
        try advance()
        return true
    }

    private func isNext(_ text: String) -> Bool {
        token == .symbol(text) || token == .name(text, isQuoted: false)
    }

    private func unexpected(_ expected: String) -> FormulaError {
        let found =
            switch token {
            case .number: "a number"
            case .name(let name, _): "\"\(name.prefix(64))\""
            case .symbol(let symbol): "\"\(symbol)\""
            case .end: "the end"
            }
        return lexer.error("expected \(expected), not \(found)", at: range.lowerBound)
    }

    private mutating func part(
        _ node: FormulaNode, _ kind: Part.Kind, _ shape: Part.Shape = .other, from start: Int
    ) throws(FormulaError) -> Part {
        nodes += 1
        guard nodes <= Formula.Limits.nodes else {
            throw lexer.error(
                "has more than \(Formula.Limits.nodes) numbers, names, operators and calls", at: start)
        }
        return Part(node: node, kind: kind, shape: shape, range: start..<lastEnd)
    }

    private mutating func nested(
        _ read: (inout FormulaParser) throws(FormulaError) -> Part
    ) throws(FormulaError) -> Part {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Formula.Limits.depth else {
            throw lexer.error("is nested more than \(Formula.Limits.depth) deep", at: range.lowerBound)
        }
        return try read(&self)
    }

    private func number(_ part: Part, for user: String) throws(FormulaError) -> FormulaNode {
        guard part.kind == .number else {
            throw lexer.error("\(user) takes numbers, and this is true or false", at: part.range.lowerBound)
        }
        return part.node
    }

    private func boolean(_ part: Part, for user: String) throws(FormulaError) -> FormulaNode {
        guard part.kind == .boolean else {
            throw lexer.error(
                "\(user) takes true or false, and this is a number: compare it, such as x > 0",
                at: part.range.lowerBound)
        }
        return part.node
    }

    // MARK: Logic

    private mutating func disjunction() throws(FormulaError) -> Part {
        var left = try conjunction()
        while try take("or") {
            let right = try conjunction()
            let node = FormulaNode.or(try boolean(left, for: "or"), try boolean(right, for: "or"))
            left = try part(node, .boolean, from: left.range.lowerBound)
        }
        return left
    }

    private mutating func conjunction() throws(FormulaError) -> Part {
        var left = try inversion()
        while try take("and") {
            let right = try inversion()
            let node = FormulaNode.and(try boolean(left, for: "and"), try boolean(right, for: "and"))
            left = try part(node, .boolean, from: left.range.lowerBound)
        }
        return left
    }

    private mutating func inversion() throws(FormulaError) -> Part {
        let start = range.lowerBound
        guard try take("not") else { return try comparison() }
        let operand = try nested { parser throws(FormulaError) in try parser.inversion() }
        return try part(.not(try boolean(operand, for: "not")), .boolean, from: start)
    }

    private mutating func comparison() throws(FormulaError) -> Part {
        let left = try coalescing()
        guard let comparison = try takeComparison() else { return left }
        let right = try coalescing()
        guard !FormulaNode.Comparison.allCases.contains(where: { isNext($0.rawValue) }) else {
            throw lexer.error("comparisons do not chain: write a < b and b < c", at: range.lowerBound)
        }
        let user = comparison.rawValue
        let node = FormulaNode.comparison(comparison, try number(left, for: user), try number(right, for: user))
        return try part(node, .boolean, from: left.range.lowerBound)
    }

    private mutating func takeComparison() throws(FormulaError) -> FormulaNode.Comparison? {
        guard let comparison = FormulaNode.Comparison.allCases.first(where: { isNext($0.rawValue) }) else { return nil }
        try advance()
        return comparison
    }

    // MARK: No data and arithmetic

    private mutating func coalescing() throws(FormulaError) -> Part {
        var left = try sum()
        while isNext("??") {
            let place = range.lowerBound
            try advance()
            let right = try sum()
            // `a ?? -b` has one reading, unless another `??` follows.
            let isClear =
                left.shape != .arithmetic && left.shape != .sign && right.shape != .arithmetic
                && (right.shape != .sign || !isNext("??"))
            guard isClear else {
                throw lexer.error("?? next to arithmetic needs parentheses: (a ?? b) + c, or a ?? (b + c)", at: place)
            }
            guard left.kind == right.kind else {
                throw lexer.error("?? takes two numbers, or true or false on both sides", at: place)
            }
            left = try part(.coalescing(left.node, right.node), left.kind, from: left.range.lowerBound)
        }
        return left
    }

    private mutating func sum() throws(FormulaError) -> Part {
        try chain([.add, .subtract]) { parser throws(FormulaError) in try parser.product() }
    }

    private mutating func product() throws(FormulaError) -> Part {
        try chain([.multiply, .divide, .remainder]) { parser throws(FormulaError) in try parser.signed() }
    }

    private mutating func chain(
        _ operators: [FormulaNode.Arithmetic], _ operand: (inout FormulaParser) throws(FormulaError) -> Part
    ) throws(FormulaError) -> Part {
        var left = try operand(&self)
        while let next = operators.first(where: { isNext($0.rawValue) }) {
            try advance()
            let right = try operand(&self)
            let node = FormulaNode.arithmetic(
                next, try number(left, for: next.rawValue), try number(right, for: next.rawValue),
                place: left.range.lowerBound..<lastEnd)
            left = try part(node, .number, .arithmetic, from: left.range.lowerBound)
        }
        return left
    }

    private mutating func signed() throws(FormulaError) -> Part {
        let start = range.lowerBound
        guard try take("-") else { return try primary() }
        let operand = try nested { parser throws(FormulaError) in try parser.signed() }
        return try part(.negation(try number(operand, for: "-")), .number, .sign, from: start)
    }

    // MARK: Numbers, names, calls and parentheses

    private static let words: Set = ["and", "or", "not"]

    private mutating func primary() throws(FormulaError) -> Part {
        let start = range.lowerBound
        switch token {
        case .number(let value):
            try advance()
            return try part(.number(value), .number, .atom, from: start)
        case .symbol("("):
            try advance()
            let inner = try nested { parser throws(FormulaError) in try parser.disjunction() }
            guard try take(")") else { throw unexpected("a closing parenthesis") }
            return Part(node: inner.node, kind: inner.kind, shape: .atom, range: start..<lastEnd)
        case .name(let name, let isQuoted) where isQuoted || !Self.words.contains(name):
            let place = range
            try advance()
            if !isQuoted, isNext("(") { return try call(name, from: start) }
            mentions.append(Formula.Mention(name: name, range: place, isQuoted: isQuoted))
            return try part(.metric(name), .number, .atom, from: start)
        default: throw unexpected("a number, a metric, a function or a parenthesis")
        }
    }

    private mutating func call(_ name: String, from start: Int) throws(FormulaError) -> Part {
        let function = FormulaFunction(rawValue: name)
        guard function != nil || name == FormulaFunction.condition else {
            throw lexer.error(
                "unknown function \"\(name.prefix(64))\"; functions: \(FormulaFunction.namesText)", at: start)
        }
        try advance()
        var arguments: [Part] = []
        while !isNext(")") {
            if !arguments.isEmpty, try !take(",") { throw unexpected("a comma or a closing parenthesis") }
            arguments.append(try nested { parser throws(FormulaError) in try parser.disjunction() })
        }
        try advance()
        guard let function else { return try condition(arguments, from: start) }
        guard function.arguments.contains(arguments.count) else {
            throw lexer.error("\(name) takes \(function.argumentsText), not \(arguments.count)", at: start)
        }
        var numbers: [FormulaNode] = []
        for argument in arguments { numbers.append(try number(argument, for: name)) }
        return try part(.call(function, numbers, place: start..<lastEnd), .number, .atom, from: start)
    }

    private mutating func condition(_ arguments: [Part], from start: Int) throws(FormulaError) -> Part {
        guard arguments.count == 3 else {
            throw lexer.error("if takes a condition and two branches, not \(arguments.count)", at: start)
        }
        let (condition, then, otherwise) = (arguments[0], arguments[1], arguments[2])
        guard then.kind == otherwise.kind else {
            throw lexer.error(
                "both branches of if must be numbers, or both must be true or false", at: otherwise.range.lowerBound)
        }
        let node = FormulaNode.condition(
            try boolean(condition, for: "the condition of if"), then: then.node, otherwise: otherwise.node)
        return try part(node, then.kind, .atom, from: start)
    }
}
