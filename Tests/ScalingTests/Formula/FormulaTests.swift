import Testing

@testable import Scaling

@Suite("A formula")
struct FormulaTests {
    private static let readings: [String: MetricObservation] = [
        "backlog": .value(84, observedAt: at(-7)), "rate": .value(2, observedAt: at(-31)),
        "zero": .value(0, observedAt: at(-1)), "negative": .value(-2.5, observedAt: at(-2)),
        "guess": .assumed(3, observedAt: at(-3)), "gone": .noData("the key does not exist"),
        "broken": .failed("connection refused"), "redis-2": .value(9, observedAt: at(-4)),
        "endless": .value(.infinity, observedAt: at(-5)), "kafka.lag": .value(11, observedAt: at(-6)),
    ]

    private static func result(_ text: String) throws -> Formula.Result {
        try Formula(parsing: text).evaluate(readings, now: at(0))
    }

    @Test(
        "a formula has the value that its operators and functions give",
        arguments: [
            ("backlog / max(rate, 1)", 42), ("backlog-rate*3", 78), ("(backlog - rate) * 3", 246),
            ("backlog - rate - 1", 81), ("backlog / rate / 2", 21), ("backlog % 5 * rate", 8), ("negative % 2", -0.5),
            ("-backlog + 1", -83), ("- - rate", 2), ("2 * -rate", -4), ("rate + 5m", 302), ("1.5h + zero", 5_400),
            ("1h30m + zero", 5_400), ("250ms * rate", 0.5), ("1w + 1d + zero", 691_200), ("2.5e3 * rate", 5_000),
            ("abs(negative)", 2.5), ("round(negative)", -3), ("ceil(negative)", -2), ("floor(negative)", -3),
            ("min(rate, zero, 5)", 0), ("sum(rate, backlog, 1)", 87), ("avg(rate, backlog)", 43), ("max(rate)", 2),
            ("clamp(backlog, 1, 10)", 10), ("clamp(negative, 1, 10)", 1), ("clamp(rate, 1, 10)", 2),
            ("if(backlog > 50 and not rate == 3, 1, 0)", 1), ("if(rate >= 2 or zero != 0, 1, 0)", 1),
            ("if(not (rate <= 2), 1, 0)", 0), ("if(if(rate < 5, rate > 5, rate == 5), 1, 0)", 0),
            ("'redis-2' + \"kafka.lag\"", 20), ("kafka.lag\n  + 'redis-2'", 20), ("rate ?? 7", 2),
            ("if(rate ?? 0 > 1, 1, 0)", 1), ("if((rate > 3) ?? (rate > 1) and 1 > 2 or rate == 2, 1, 0)", 1),
        ])
    func value(text: String, value: Double) throws {
        #expect(try Self.result(text).observation.value == value)
    }

    @Test(
        "a formula has no data if an input it uses has none, or if the result is not a finite number",
        arguments: [
            "gone + 1", "max(gone, rate)", "if(gone > 1, rate, rate)", "if(rate > 1, gone, rate)",
            "if(gone == gone, 1, 2)",
            "backlog / zero", "zero / zero", "backlog % zero", "min(backlog / zero, 1)", "backlog * 1e308",
            "sum(backlog * 1e307, 1e308, 1e308)", "clamp(rate, 5, 3)", "endless", "endless - endless",
            "if(rate < 0 and gone > 1, 1, 2)", "if(rate > 0 or gone > 1, 1, 2)", "unknownToTheReadings",
        ])
    func noData(text: String) throws {
        guard case .noData(let why) = try Self.result(text).observation else {
            Issue.record("\(text) has a result")
            return
        }
        #expect(!why.isEmpty)
    }

    @Test("missing data in the branch that `if` does not take is ignored")
    func untakenBranch() throws {
        #expect(try Self.result("if(rate > 1, backlog, gone)").observation == .value(84, observedAt: at(-31)))
        #expect(try Self.result("if(rate < 1, broken, zero)").observation == .value(0, observedAt: at(-31)))
    }

    @Test("`??` replaces a missing value, and the result then counts as assumed")
    func coalescing() throws {
        #expect(try Self.result("gone ?? rate").observation == .assumed(2, observedAt: at(-31)))
        #expect(try Self.result("backlog / (gone ?? 4)").observation == .assumed(21, observedAt: at(-7)))
        #expect(try Self.result("(backlog / zero) ?? 5").observation == .assumed(5, observedAt: at(-7)))
        #expect(try Self.result("gone ?? 5").observation == .assumed(5, observedAt: at(0)))
        #expect(try Self.result("gone ?? gone ?? 6").observation == .assumed(6, observedAt: at(0)))
        #expect(try Self.result("if(gone ?? 1 > 0, rate, zero)").observation == .assumed(2, observedAt: at(-31)))
        #expect(try Self.result("if(rate > 1, backlog, gone ?? 1)").observation == .value(84, observedAt: at(-31)))
        #expect(try Self.result("rate ?? gone").observation == .value(2, observedAt: at(-31)))
        #expect(try Self.result("guess + rate").observation == .assumed(5, observedAt: at(-31)))
        #expect(try Self.result("if(rate > 1, rate, guess)").observation == .value(2, observedAt: at(-31)))
    }

    @Test(
        "`??` never replaces a failure, not even one beside a metric without data",
        arguments: [
            "broken ?? 1", "(gone + broken) ?? 1", "(broken + gone) ?? 1", "max(gone, broken) ?? 1",
            "gone ?? broken", "if(broken > 1, 1, 2) ?? 3", "(backlog / zero + broken) ?? 1",
        ])
    func failure(text: String) throws {
        guard case .failed(let why) = try Self.result(text).observation else {
            Issue.record("\(text) has not failed")
            return
        }
        #expect(why == "broken could not be read: connection refused")
    }

    @Test("the reason of a formula without a value names the missing input, or the part that is not a number")
    func reasons() throws {
        #expect(try Self.result("backlog + gone").observation == .noData("gone has no data: the key does not exist"))
        #expect(
            try Self.result("1 + backlog / (zero * 2)").observation == .noData("84 / (0 * 2) is not a finite number"))
        #expect(
            try Self.result("clamp(rate, 5, negative)").observation
                == .noData("clamp(2, 5, -2.5) is not a finite number"))
    }

    @Test("a formula is shown in one line with its inputs filled in")
    func filled() throws {
        #expect(try Self.result("backlog /\n  max(rate, 1)").filled == "84 / max(2, 1)")
        #expect(try Self.result("'redis-2' + (gone ?? broken)").filled == "9 + (no data ?? failed)")
        let long = try Self.result(Array(repeating: "negative", count: 90).joined(separator: " + "))
        #expect(long.filled.count == Formula.Limits.shownCharacters + 1 && long.filled.hasSuffix("…"))
    }

    @Test("a formula lists its metrics once each, in the order of the text")
    func names() throws {
        let formula = try Formula(parsing: "max(rate, max, 'and') + if + rate + \"max\"")
        #expect(formula.names == ["rate", "max", "and", "if"])
    }

    @Test(
        "a formula that cannot be parsed is refused with the place of the problem",
        arguments: [
            ("", "character 1: expected a number, a metric, a function or a parenthesis, not the end"),
            ("  \u{9}", "character 4: expected a number, a metric, a function or a parenthesis, not the end"),
            ("1 + 2", "character 1: names no metric: a formula computes a value from metrics"),
            ("a +", "character 4: expected a number, a metric, a function or a parenthesis, not the end"),
            ("a b", "character 3: expected an operator or the end, not \"b\""),
            ("a\n  + b)", "line 2, character 6: expected an operator or the end, not \")\""),
            ("'é' + (b", "character 9: expected a closing parenthesis, not the end"),
            ("max(a, b", "character 9: expected a comma or a closing parenthesis, not the end"),
            ("max(a b)", "character 7: expected a comma or a closing parenthesis, not \"b\""),
            ("max(a, )", "character 8: expected a number, a metric, a function or a parenthesis, not \")\""),
            ("'a", "character 1: the quote is not closed"),
            ("a & b", "character 3: unexpected \"&\""), ("a + \u{202E}b", "character 5: unexpected character U+202E"),
            ("a && b > 1", "character 3: && is not an operator here: write and"),
            ("a = 1", "character 3: = is not an operator here: write =="),
            ("a ? b : c", "character 3: ? is not an operator here: write if(condition, a, b), or ?? for no data"),
            (
                "sqrt(a)",
                "character 1: unknown function \"sqrt\"; functions: abs, avg, ceil, clamp, floor, if, max, min, round, sum"
            ),
            ("abs(a, 1)", "character 1: abs takes one number, not 2"),
            ("a + max()", "character 5: max takes one number or more, not 0"),
            ("clamp(a, 1)", "character 1: clamp takes a number, the least and the greatest that it may be, not 2"),
            ("if(a > 1, 2)", "character 1: if takes a condition and two branches, not 2"),
            (
                "if(a, 1, 2)",
                "character 4: the condition of if takes true or false, and this is a number: compare it, such as x > 0"
            ),
            ("if(a > 1, a > 2, 3)", "character 18: both branches of if must be numbers, or both must be true or false"),
            (
                "a > 1",
                "character 1: the result is true or false, and a metric needs a number: write if(condition, 1, 0)"
            ),
            ("1 + (a > 1)", "character 5: + takes numbers, and this is true or false"),
            (
                "if(a and b > 1, 1, 2)",
                "character 4: and takes true or false, and this is a number: compare it, such as x > 0"
            ),
            ("if(1 < a < 3, 1, 2)", "character 10: comparisons do not chain: write a < b and b < c"),
            ("a + b ?? 1", "character 7: ?? next to arithmetic needs parentheses: (a ?? b) + c, or a ?? (b + c)"),
            ("a ?? 1 / b", "character 3: ?? next to arithmetic needs parentheses: (a ?? b) + c, or a ?? (b + c)"),
            ("-a ?? 1", "character 4: ?? next to arithmetic needs parentheses: (a ?? b) + c, or a ?? (b + c)"),
            ("a ?? -1 ?? b", "character 3: ?? next to arithmetic needs parentheses: (a ?? b) + c, or a ?? (b + c)"),
            ("if((a ?? (b > 1)) > 1, 1, 2)", "character 7: ?? takes two numbers, or true or false on both sides"),
            (
                "a + 5min",
                "character 6: unknown unit \"min\"; units of time: w, d, h, m, s, ms. The name of a metric that begins with a digit is written in quotes"
            ),
            ("a + 5m1h", "character 8: a duration has its units in order, such as 1h30m"),
            ("a + 5m5m", "character 8: a duration has its units in order, such as 1h30m"),
            ("a + 1.", "character 7: digits are missing after the decimal point"),
            ("a + .5", "character 5: a number begins with a digit, such as 0.5"),
            ("a + 1e999", "character 5: the number is too large"),
            ("and + 1", "character 1: expected a number, a metric, a function or a parenthesis, not \"and\""),
        ])
    func refusal(text: String, message: String) {
        do throws(FormulaError) {
            _ = try Formula(parsing: text)
            Issue.record("\(text) is accepted")
        } catch {
            #expect(error.description == message)
        }
    }

    @Test("a formula is bounded in length, depth and size, and accepted right at the bound")
    func bounds() throws {
        func isAccepted(_ text: String) -> Bool { (try? Formula(parsing: text)) != nil }
        let bytes = Formula.Limits.bytes
        #expect(isAccepted("a" + String(repeating: " ", count: bytes - 1)))
        #expect(!isAccepted("a" + String(repeating: " ", count: bytes)))
        let depth = Formula.Limits.depth
        for (open, close) in [("(", ")"), ("-", ""), ("max(", ")")] {
            func nested(_ count: Int) -> String {
                String(repeating: open, count: count) + "a" + String(repeating: close, count: count)
            }
            #expect(isAccepted(nested(depth)))
            #expect(!isAccepted(nested(depth + 1)))
        }
        func chain(_ terms: Int) -> String { Array(repeating: "a", count: terms).joined(separator: "+") }
        #expect(isAccepted(chain(Formula.Limits.nodes / 2)))
        #expect(!isAccepted(chain(Formula.Limits.nodes / 2 + 1)))
    }

    @Test("a formula in which the name of a metric would be read as a subtraction is refused")
    func subtraction() throws {
        func problem(_ text: String) throws -> String? {
            try Formula(parsing: text).subtractionProblem(among: ["redis", "redis-2"])?.description
        }
        #expect(try problem("1 + redis-2")?.hasPrefix("character 5: redis-2 is a metric") == true)
        #expect(try problem("redis - 2") == nil)
        #expect(try problem("'redis-2' + redis-20") == nil)
        #expect(try problem("redis-2.5") == nil)
    }
}
