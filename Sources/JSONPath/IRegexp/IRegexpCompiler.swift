/// Writes a pattern's automaton, with each repetition written out.
struct IRegexpCompiler {
    private let pattern: String
    private var program: [IRegexp.Instruction] = []
    /// Parts written, those that need no instruction too.
    private var parts = 0

    init(_ pattern: String) {
        self.pattern = pattern
    }

    mutating func program(_ tree: IRegexpTree) throws(IRegexpSyntaxError) -> [IRegexp.Instruction] {
        try write(tree)
        program.append(.match)
        return program
    }

    private mutating func write(_ tree: IRegexpTree) throws(IRegexpSyntaxError) {
        parts += 1
        guard parts <= IRegexpLimits.maxProgram, program.count <= IRegexpLimits.maxProgram else {
            throw IRegexpSyntaxError(
                pattern: pattern,
                message:
                    "with its repetitions written out, the pattern has more than \(IRegexpLimits.maxProgram) parts",
                position: 1)
        }
        switch tree {
        case .characters(let set): program.append(.character(set))
        case .start: program.append(.start)
        case .end: program.append(.end)
        case .sequence(let trees): for tree in trees { try write(tree) }
        case .alternatives(let branches): try write(alternatives: branches)
        case .repetition(let tree, let minimum, let maximum):
            for _ in 0..<minimum { try write(tree) }
            if let maximum {
                try write(tree, atMost: maximum - minimum)
            } else {
                let start = program.count
                program.append(.jump(0))
                try write(tree)
                program.append(.jump(start))
                program[start] = .split(start + 1, program.count)
            }
        }
    }

    private mutating func write(alternatives branches: [IRegexpTree]) throws(IRegexpSyntaxError) {
        var ends: [Int] = []
        for (index, branch) in branches.enumerated() {
            let start = program.count
            let isLast = index == branches.count - 1
            if !isLast { program.append(.jump(0)) }
            try write(branch)
            if !isLast {
                ends.append(program.count)
                program.append(.jump(0))
                program[start] = .split(start + 1, program.count)
            }
        }
        for end in ends { program[end] = .jump(program.count) }
    }

    private mutating func write(_ tree: IRegexpTree, atMost count: Int) throws(IRegexpSyntaxError) {
        var starts: [Int] = []
        for _ in 0..<count {
            starts.append(program.count)
            program.append(.jump(0))
            try write(tree)
        }
        for start in starts { program[start] = .split(start + 1, program.count) }
    }
}
