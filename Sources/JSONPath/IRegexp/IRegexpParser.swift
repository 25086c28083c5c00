/// A pattern, taken apart.
indirect enum IRegexpTree: Sendable {
    case characters(CharacterSet)
    case start
    case end
    case sequence([IRegexpTree])
    case alternatives([IRegexpTree])
    /// A maximum of nil is none.
    case repetition(IRegexpTree, minimum: Int, maximum: Int?)
}

/// Recursive descent over the characters of a pattern.
///
/// Source: RFC 9485, section 4.
struct IRegexpParser {
    private let pattern: String
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var nesting = 0

    init(_ pattern: String) {
        self.pattern = pattern
        scalars = Array(pattern.unicodeScalars.prefix(IRegexpLimits.maxPattern + 1))
    }

    mutating func tree() throws(IRegexpSyntaxError) -> IRegexpTree {
        guard scalars.count <= IRegexpLimits.maxPattern else {
            throw error("a pattern has at most \(IRegexpLimits.maxPattern) characters")
        }
        let tree = try alternatives()
        guard index == scalars.count else { throw error("this ) closes no group") }
        return tree
    }

    private mutating func alternatives() throws(IRegexpSyntaxError) -> IRegexpTree {
        var branches = [try branch()]
        while take("|") { branches.append(try branch()) }
        return branches.count == 1 ? branches[0] : .alternatives(branches)
    }

    private mutating func branch() throws(IRegexpSyntaxError) -> IRegexpTree {
        var pieces: [IRegexpTree] = []
        while let scalar = current, scalar != "|", scalar != ")" {
            let atom = try atom()
            pieces.append(try quantified(atom))
        }
        return pieces.count == 1 ? pieces[0] : .sequence(pieces)
    }

    private mutating func atom() throws(IRegexpSyntaxError) -> IRegexpTree {
        guard let scalar = current else { throw error("unexpected end of the pattern") }
        index += 1
        switch scalar {
        case "(":
            nesting += 1
            defer { nesting -= 1 }
            guard nesting <= IRegexpLimits.maxNesting else {
                throw error("groups are nested at most \(IRegexpLimits.maxNesting) times")
            }
            let group = try alternatives()
            guard take(")") else { throw error("a group has no )") }
            return group
        case ".": return .characters(.dot)
        case "^": return .start
        case "$": return .end
        case "[": return .characters(try characterClass())
        case "\\":
            if let categories = try category() {
                return .characters(CharacterSet(ranges: [], categories: categories))
            }
            return .characters(CharacterSet(try escaped()))
        case "*", "+", "?", "{":
            throw error("there is nothing before \(scalar) to repeat; as itself it is \\\(scalar)", at: index - 1)
        case "]", "}": throw error("as itself it is written \\\(scalar)", at: index - 1)
        default: return .characters(CharacterSet(scalar))
        }
    }

    private mutating func quantified(_ atom: IRegexpTree) throws(IRegexpSyntaxError) -> IRegexpTree {
        if take("*") { return .repetition(atom, minimum: 0, maximum: nil) }
        if take("+") { return .repetition(atom, minimum: 1, maximum: nil) }
        if take("?") { return .repetition(atom, minimum: 0, maximum: 1) }
        guard take("{") else { return atom }
        let start = index
        let minimum = try repetitionCount()
        var maximum: Int? = minimum
        if take(",") { maximum = current == "}" ? nil : try repetitionCount() }
        guard take("}") else { throw error("expected } after the repetition") }
        guard maximum ?? .max >= minimum else {
            throw error("the repetition's limits are in the wrong order", at: start)
        }
        return .repetition(atom, minimum: minimum, maximum: maximum)
    }

    private mutating func repetitionCount() throws(IRegexpSyntaxError) -> Int {
        let start = index
        var count = 0
        while let scalar = current, "0"..."9" ~= scalar {
            count = min(count * 10 + Int(scalar.value - 0x30), IRegexpLimits.maxRepetition + 1)
            index += 1
        }
        guard index > start else { throw error("expected a number of repetitions") }
        guard count <= IRegexpLimits.maxRepetition else {
            throw error("a part repeats at most \(IRegexpLimits.maxRepetition) times", at: start)
        }
        return count
    }

    // MARK: Classes and escapes

    private mutating func characterClass() throws(IRegexpSyntaxError) -> CharacterSet {
        let isNegated = take("^")
        var ranges: [ClosedRange<UInt32>] = []
        var categories: CategorySet = []
        var isFirst = true
        repeat {
            defer { isFirst = false }
            guard let scalar = current else { throw error("a class has no ]") }
            if scalar == "-" {
                let isLast = index + 1 < scalars.count && scalars[index + 1] == "]"
                guard isFirst || isLast else { throw error("a - in a class is its first or last character, or \\-") }
                index += 1
                ranges.append(scalar.value...scalar.value)
                continue
            }
            if scalar == "\\" {
                index += 1
                if let category = try category() {
                    categories.formUnion(category)
                    continue
                }
                index -= 1
            }
            let start = index
            let first = try classCharacter()
            guard current == "-", index + 1 < scalars.count, scalars[index + 1] != "]" else {
                ranges.append(first.value...first.value)
                continue
            }
            index += 1
            let last = try classCharacter()
            guard first.value <= last.value else { throw error("the range's ends are in the wrong order", at: start) }
            ranges.append(first.value...last.value)
        } while !take("]")
        return CharacterSet(ranges: ranges, categories: categories, isNegated: isNegated)
    }

    private mutating func classCharacter() throws(IRegexpSyntaxError) -> Unicode.Scalar {
        guard let scalar = current else { throw error("a class has no ]") }
        index += 1
        switch scalar {
        case "\\": return try escaped()
        case "-", "[", "]": throw error("in a class it is written \\\(scalar)", at: index - 1)
        default: return scalar
        }
    }

    /// Takes `p{Lu}` or `P{Lu}`, or nothing.
    private mutating func category() throws(IRegexpSyntaxError) -> CategorySet? {
        let start = index
        let isComplement = current == "P"
        guard take("p") || take("P") else { return nil }
        guard take("{"), let end = scalars[index...].firstIndex(of: "}") else {
            throw error("expected {, the name of a category and }", at: start)
        }
        var name = String.UnicodeScalarView()
        name += scalars[index..<end]
        index = end + 1
        guard let categories = CategorySet(named: String(name)) else {
            throw error("unknown category; known are such as L, Lu and Nd", at: start)
        }
        return isComplement ? CategorySet.all.subtracting(categories) : categories
    }

    private mutating func escaped() throws(IRegexpSyntaxError) -> Unicode.Scalar {
        guard let scalar = current else { throw error("the pattern ends after \\") }
        index += 1
        switch scalar {
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "(", ")", "*", "+", "-", ".", "?", "[", "\\", "]", "^", "{", "|", "}": return scalar
        default:
            throw error(
                "\\\(scalar) is not part of RFC 9485: a digit is [0-9], and $ is [$]", at: index - 1)
        }
    }

    // MARK: Characters

    private var current: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard current == scalar else { return false }
        index += 1
        return true
    }

    private func error(_ message: String, at position: Int? = nil) -> IRegexpSyntaxError {
        IRegexpSyntaxError(pattern: pattern, message: message, position: (position ?? index) + 1)
    }
}
