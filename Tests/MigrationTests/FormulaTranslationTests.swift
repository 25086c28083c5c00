import Scaling
import Testing

@testable import Migration

@Suite("translation of formulas")
struct FormulaTranslationTests {
    @Test(
        "an expression of scalingModifiers becomes a formula with the same meaning",
        arguments: [
            ("a + b * 2", "a + b * 2"),
            ("(a + b) * 2", "(a + b) * 2"),
            ("a - (b - c)", "a - (b - c)"),
            ("-a / 2", "-a / 2"),
            ("a > 1 && b < 2 || !(c == 0) ? 1 : 0", "if(a > 1 and b < 2 or not c == 0, 1, 0)"),
            ("a > 2 ? a + b : 1", "if(a > 2, a + b, 1)"),
            ("a > 2 ? b > 1 ? 5 : 6 : 1", "if(a > 2, if(b > 1, 5, 6), 1)"),
            ("a ?? 0 + 1", "(a ?? 0) + 1"),
            ("-a ?? 2 * b", "-(a ?? 2) * b"),
            ("float(a) + int(b / 3)", "a + floor(b / 3)"),
            ("sum([a, b]) / 2", "sum(a, b) / 2"),
            ("max(a, b, 1_000)", "max(a, b, 1000)"),
            ("mean([a, b])", "avg(a, b)"),
            ("count([a, b], {# > 1}) > 1 ? 5 : 0", "if(sum(if(a > 1, 1, 0), if(b > 1, 1, 0)) > 1, 5, 0)"),
        ])
    func translated(_ source: String, _ formula: String) throws {
        #expect(try FormulaTranslation.translate(source) == formula)
        #expect(throws: Never.self) { try Formula(parsing: formula) }
    }

    @Test(
        "an expression that a formula cannot express is refused",
        arguments: ["a ** 2", "len(a)", "a > 1 ? 2", "a +", "", "(a", "[a, b]", "# > 1", "a.b", "count([], {# > 1})"])
    func refused(_ source: String) {
        #expect(throws: FormulaTranslation.Failure.self) { try FormulaTranslation.translate(source) }
    }
}
