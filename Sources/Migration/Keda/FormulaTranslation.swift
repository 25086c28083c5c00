/// Translates a formula of `scalingModifiers`, an expression of expr-lang, to a formula here.
///
/// A Pratt parser over the part of the language that formulas use: numbers, names of triggers, operators, `?:`, `??` and
/// functions.
struct FormulaTranslation {
    struct Failure: Error { let reason: String }

    private enum Token: Hashable {
        case number(String)
        case name(String)
        case symbol(String)
        case end
    }

    private var tokens: [Token] = []
    private var position = 0
    private var depth = 0
    /// The element of a list that `#` stands for in a predicate.
    private var element: String?

    private static let maxDepth = 32
    private static let symbols = ["??", "==", "!=", "<=", ">=", "&&", "||", "**"]
    private static let precedence: [String: Int] = [
        "?": 1, "or": 3, "and": 4, "==": 5, "!=": 5, "<": 5, "<=": 5, ">": 5, ">=": 5, "+": 6, "-": 6, "*": 7,
        "/": 7, "%": 7, "??": 9,
    ]
    private static let words = ["&&": "and", "||": "or"]
    private static let functions = [
        "abs": "abs", "ceil": "ceil", "floor": "floor", "round": "round", "min": "min", "max": "max", "sum": "sum",
        "mean": "avg", "avg": "avg",
    ]

    /// - Throws: ``Failure`` for what a formula cannot express.
    static func translate(_ text: String) throws(Failure) -> String {
        var parser = FormulaTranslation()
        parser.tokens = try tokens(text)
        let result = try parser.expression(0)
        guard parser.peek == .end else { throw Failure(reason: "unexpected \(parser.words(parser.peek))") }
        return result.text
    }

    private static func tokens(_ text: String) throws(Failure) -> [Token] {
        var tokens: [Token] = []
        var rest = text[...]
        while let character = rest.first {
            if character.isWhitespace {
                rest = rest.dropFirst()
            } else if character.isASCII, character.isNumber {
                let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "_") }
                tokens.append(.number(String(number.filter { $0 != "_" })))
                rest = rest.dropFirst(number.count)
            } else if character.isLetter || character == "_" {
                let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
                tokens.append(.name(String(name)))
                rest = rest.dropFirst(name.count)
            } else if let symbol = symbols.first(where: { rest.hasPrefix($0) }) {
                tokens.append(.symbol(symbol))
                rest = rest.dropFirst(symbol.count)
            } else if "+-*/%()<>?:,![]{}#".contains(character) {
                tokens.append(.symbol(String(character)))
                rest = rest.dropFirst()
            } else {
                throw Failure(reason: "`\(character)` has no equivalent")
            }
        }
        return tokens
    }

    private var peek: Token { position < tokens.count ? tokens[position] : .end }

    private mutating func next() -> Token {
        defer { position += 1 }
        return peek
    }

    private mutating func take(_ symbol: String) -> Bool {
        guard peek == .symbol(symbol) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ symbol: String) throws(Failure) {
        guard take(symbol) else { throw Failure(reason: "`\(symbol)` is expected in place of \(words(peek))") }
    }

    private func words(_ token: Token) -> String {
        switch token {
        case .number(let text), .name(let text), .symbol(let text): "`\(text)`"
        case .end: "the end"
        }
    }

    private struct Part {
        let text: String
        /// The precedence of its operator; high for what needs no parentheses.
        let precedence: Int
        static let atom = 100

        func inside(_ outer: Int) -> String { precedence < outer ? "(\(text))" : text }
    }

    private mutating func expression(_ minimum: Int) throws(Failure) -> Part {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maxDepth else { throw Failure(reason: "it is nested too deep") }
        var left = try operand()
        while let name = binary, let precedence = Self.precedence[name], precedence >= minimum {
            position += 1
            if name == "?" {
                let yes = try expression(1)
                try expect(":")
                let no = try expression(1)
                left = Part(text: "if(\(left.text), \(yes.text), \(no.text))", precedence: Part.atom)
                continue
            }
            let right = try expression(precedence + 1)
            if name == "??" {
                // Beside arithmetic it needs parentheses.
                left = Part(text: "(\(left.inside(Part.atom)) ?? \(right.inside(Part.atom)))", precedence: Part.atom)
            } else {
                left = Part(
                    text: "\(left.inside(precedence)) \(name) \(right.inside(precedence + 1))", precedence: precedence)
            }
        }
        return left
    }

    /// The binary operator that is next, as it is written here.
    private var binary: String? {
        switch peek {
        case .symbol("**"): nil
        case .symbol(let symbol): Self.words[symbol] ?? symbol
        case .name("and"): "and"
        case .name("or"): "or"
        default: nil
        }
    }

    private mutating func operand() throws(Failure) -> Part {
        depth += 1
        defer { depth -= 1 }
        guard depth <= 2 * Self.maxDepth else { throw Failure(reason: "it is nested too deep") }
        let token = next()
        switch token {
        case .number(let text):
            return Part(text: text, precedence: Part.atom)
        case .symbol("-"):
            return Part(text: "-\(try expression(8).inside(8))", precedence: 8)
        case .symbol("+"):
            return try operand()
        case .symbol("!"), .name("not"):
            return Part(text: "not \(try operand().inside(5))", precedence: 4)
        case .symbol("#"):
            guard let element else { throw Failure(reason: "`#` has no equivalent outside of count") }
            return Part(text: element, precedence: Part.atom)
        case .symbol("("):
            let inner = try expression(0)
            try expect(")")
            return inner
        case .name(let name):
            return peek == .symbol("(") ? try call(name) : Part(text: Self.quoted(name), precedence: Part.atom)
        default:
            throw Failure(reason: "unexpected \(words(token))")
        }
    }

    private static func quoted(_ name: String) -> String {
        let name = MetricName.valid(name)
        let isPlain = !name.contains("-") && name.first?.isNumber == false
        return isPlain ? name : "\"\(name)\""
    }

    /// Parses `count([a, b], {# > 1})`: the number of elements for which the predicate is true.
    private mutating func count() throws(Failure) -> Part {
        try expect("(")
        try expect("[")
        var elements: [Part] = []
        while !take("]") {
            elements.append(try expression(0))
            if !take(","), peek != .symbol("]") { throw Failure(reason: "a list is not closed") }
        }
        try expect(",")
        try expect("{")
        let start = position
        let outer = element
        var terms: [String] = []
        for part in elements {
            position = start
            element = part.inside(Part.atom)
            terms.append("if(\(try expression(0).text), 1, 0)")
        }
        element = outer
        try expect("}")
        try expect(")")
        guard !terms.isEmpty else { throw Failure(reason: "the list is empty") }
        return Part(text: "sum(\(terms.joined(separator: ", ")))", precedence: Part.atom)
    }

    private mutating func call(_ name: String) throws(Failure) -> Part {
        if name == "count" { return try count() }
        try expect("(")
        var arguments: [Part] = []
        while !take(")") {
            if take("[") {
                while !take("]") {
                    arguments.append(try expression(0))
                    if !take(","), peek != .symbol("]") { throw Failure(reason: "a list is not closed") }
                }
            } else {
                arguments.append(try expression(0))
            }
            guard take(",") || peek == .symbol(")") else { throw Failure(reason: "the call of \(name) is not closed") }
        }
        let list = arguments.map(\.text).joined(separator: ", ")
        switch name {
        case "float" where arguments.count == 1:
            return arguments[0]
        case "int" where arguments.count == 1:
            return Part(text: "floor(\(list))", precedence: Part.atom)
        default:
            guard let function = Self.functions[name], !arguments.isEmpty else {
                throw Failure(reason: "the function \(name) has no equivalent")
            }
            return Part(text: "\(function)(\(list))", precedence: Part.atom)
        }
    }
}
