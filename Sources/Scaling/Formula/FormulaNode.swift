/// A node of a formula's syntax tree. Booleans are 1 and 0: the parser lets them be used only where a boolean is meant.
indirect enum FormulaNode: Sendable {
    enum Arithmetic: String, Sendable {
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
        case remainder = "%"
    }

    enum Comparison: String, Sendable, CaseIterable {
        case equal = "=="
        case notEqual = "!="
        case lessOrEqual = "<="
        case greaterOrEqual = ">="
        case less = "<"
        case greater = ">"
    }

    case number(Double)
    case metric(String)
    case negation(FormulaNode)
    case arithmetic(Arithmetic, FormulaNode, FormulaNode, place: Range<Int>)
    case comparison(Comparison, FormulaNode, FormulaNode)
    case not(FormulaNode)
    case and(FormulaNode, FormulaNode)
    case or(FormulaNode, FormulaNode)
    /// The right side in place of a left side without data.
    case coalescing(FormulaNode, FormulaNode)
    case condition(FormulaNode, then: FormulaNode, otherwise: FormulaNode)
    case call(FormulaFunction, [FormulaNode], place: Range<Int>)
}
