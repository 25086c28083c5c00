/// A regular expression of RFC 9485, which takes a time that is linear in the text for any pattern: the text is
/// read once, by all states of an automaton at the same time.
///
/// A dot is any character but line feed and carriage return; `^` and `$` are the ends of the text.
///
/// Source: K. Thompson, "Regular Expression Search Algorithm", CACM 11(6), 1968; R. Cox, "Regular Expression Matching:
/// the Virtual Machine Approach", 2009.
package struct IRegexp: Sendable {
    enum Instruction: Sendable {
        case character(CharacterSet)
        case jump(Int)
        case split(Int, Int)
        case start
        case end
        case match
    }

    let program: [Instruction]

    package init(parsing pattern: String) throws(IRegexpSyntaxError) {
        var parser = IRegexpParser(pattern)
        var compiler = IRegexpCompiler(pattern)
        program = try compiler.program(try parser.tree())
    }

    /// Returns whether the pattern matches the whole text, in a time that the length of both bounds.
    package func matches(whole text: String) -> Bool {
        var budget = StepBudget(.max)
        return (try? matches(text, isWhole: true, &budget)) ?? false
    }

    func matches(_ text: String, isWhole: Bool, _ budget: inout StepBudget) throws(JSONPathLimitError) -> Bool {
        let scalars = text.unicodeScalars
        try budget.spend(bytes: scalars.isEmpty ? 0 : text.utf8.count)
        var states = StateSet(count: program.count)
        var next = StateSet(count: program.count)
        var index = scalars.startIndex
        var isAtStart = true
        while true {
            let isAtEnd = index == scalars.endIndex
            if isAtStart || !isWhole { enter(0, &states, isAtStart: isAtStart, isAtEnd: isAtEnd) }
            if states.isMatch, !isWhole || isAtEnd { return true }
            guard !isAtEnd, !isWhole || !states.members.isEmpty else { return false }
            try budget.spend(1 + states.members.count)
            let scalar = scalars[index]
            index = scalars.index(after: index)
            for state in states.members {
                guard case .character(let set) = program[state], set.contains(scalar) else { continue }
                enter(state + 1, &next, isAtStart: false, isAtEnd: index == scalars.endIndex)
            }
            swap(&states, &next)
            next.removeAll()
            isAtStart = false
        }
    }

    /// Adds the state and those that it leads to without a character.
    private func enter(_ state: Int, _ states: inout StateSet, isAtStart: Bool, isAtEnd: Bool) {
        var open = [state]
        while let state = open.popLast() {
            guard states.insert(state) else { continue }
            switch program[state] {
            case .character: break
            case .jump(let target): open.append(target)
            case .split(let first, let second): open += [second, first]
            case .start: if isAtStart { open.append(state + 1) }
            case .end: if isAtEnd { open.append(state + 1) }
            case .match: states.isMatch = true
            }
        }
    }
}

/// The states in which the automaton is.
private struct StateSet {
    private(set) var members: [Int] = []
    private var contains: [Bool]
    var isMatch = false

    init(count: Int) {
        contains = [Bool](repeating: false, count: count)
        members.reserveCapacity(count)
    }

    mutating func insert(_ state: Int) -> Bool {
        guard !contains[state] else { return false }
        contains[state] = true
        members.append(state)
        return true
    }

    mutating func removeAll() {
        for state in members { contains[state] = false }
        members.removeAll(keepingCapacity: true)
        isMatch = false
    }
}

/// The reason why a text is not an I-Regexp.
package struct IRegexpSyntaxError: Error, Hashable, CustomStringConvertible {
    package let pattern: String
    package let message: String
    /// The character that shows it, from 1.
    package let position: Int

    package var description: String { "\(message) (at character \(position) of the pattern)" }
}

enum IRegexpLimits {
    /// Characters of a pattern.
    static let maxPattern = 1_024
    /// Groups inside each other.
    static let maxNesting = 32
    /// The number in a quantifier.
    static let maxRepetition = 1_000
    /// Instructions of the automaton, with each repetition written out.
    static let maxProgram = 2_000
}
