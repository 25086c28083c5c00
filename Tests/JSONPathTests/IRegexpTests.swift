import Testing
import WireFormats

@testable import JSONPath

@Suite("I-Regexps")
struct IRegexpTests {
    @Test(
        "a pattern matches only the whole text",
        arguments: [
            ("", "", true), ("", "a", false), ("a|", "", true), ("ab|cd", "cd", true), ("ab|cd", "abd", false),
            ("a*", "aaa", true), ("a+", "", false), ("a?b", "b", true), ("a{2}", "aa", true), ("a{2}", "aaa", false),
            ("a{0}", "", true), ("a{2,}", "aaaa", true), ("a{2,3}", "aaaa", false), ("(ab){1,2}c", "ababc", true),
            ("(a*)*", "aaa", true), ("(a|b)*c", "abbac", true), (".", "\u{2028}", true), (".", "\u{85}", true),
            (".", "\n", false), (".", "\r", false), (".", "👩", true), ("[a-c]", "b", true), ("[^a-c]", "b", false),
            ("[^a]", "\n", true), ("[-a]", "-", true), ("[a-]", "-", true), ("[-]", "-", true), ("[^-]", "-", false),
            ("[a^]", "^", true), (#"[\]\\]"#, "]", true), (#"\p{Lu}\P{Lu}"#, "Ža", true), (#"[\p{Nd}x]+"#, "x٣", true),
            (#"[^\p{L}]"#, "é", false), (#"\p{L}"#, "字", true), (#"\n\t\."#, "\n\t.", true), ("^a$", "a", true),
            ("a^b", "ab", false), ("e\u{301}", "é", false), ("~/_:", "~/_:", true),
        ])
    func whole(_ pattern: String, _ text: String, _ isMatch: Bool) throws {
        #expect(try IRegexp(parsing: pattern).matches(whole: text) == isMatch)
    }

    @Test(
        "a malformed pattern is rejected with the position of the error",
        arguments: [
            ("a**", 3), ("*a", 1), ("a{2}{3}", 5), ("a{,3}", 3), ("a{3,2}", 3), ("a{1001}", 3), ("(a", 3), ("a)", 2),
            ("[a", 3), ("[]", 2), ("[^]", 3), ("[z-a]", 2), ("[a--]", 4), ("[a-b-c]", 5), ("]", 1), ("}", 1),
            (#"\d"#, 2), (#"\p{Xx}"#, 2), (#"\p{}"#, 2), (#"\pL"#, 2), (#"a\"#, 3), ("(?:a)", 2), (#"[\w]"#, 3),
        ])
    func syntaxErrors(_ pattern: String, position: Int) {
        #expect {
            try IRegexp(parsing: pattern)
        } throws: { error in
            (error as? IRegexpSyntaxError)?.position == position
        }
    }

    @Test("a pattern that its repetitions make too large is rejected before it is expanded")
    func growth() {
        for pattern in ["((a{100}){100}){100}", "(((){1000}){1000}){1000}", "(a|b|c){1000}"] {
            #expect(throws: IRegexpSyntaxError.self) { try IRegexp(parsing: pattern) }
        }
        let groups = String(repeating: "(", count: 33) + String(repeating: ")", count: 33)
        #expect(throws: IRegexpSyntaxError.self) { try IRegexp(parsing: groups) }
        #expect(throws: IRegexpSyntaxError.self) { try IRegexp(parsing: String(repeating: "a", count: 1_025)) }
    }

    @Test(
        "patterns with exponential time in backtracking matchers take linear time",
        arguments: ["(a*)*b", "(a|a)*b", "(a|aa)+b", "(.*)(.*)(.*)(.*)b", "a?a?a?a?a?a?a?a?a?a?aaaaaaaaaab"])
    func linearTime(_ pattern: String) throws {
        let compiled = try IRegexp(parsing: pattern)
        let text = String(repeating: "a", count: 5_000)
        var budget = StepBudget(5_100 * (1 + compiled.program.count))
        #expect(try !compiled.matches(text, isWhole: true, &budget))
    }

    @Test("every Unicode category is recognized by its name")
    func categories() throws {
        let samples: [(String, Unicode.Scalar)] = [
            ("Ll", "a"), ("Lm", "ʰ"), ("Lo", "字"), ("Lt", "ǅ"), ("Lu", "A"), ("Mc", "\u{903}"), ("Me", "\u{488}"),
            ("Mn", "\u{301}"), ("Nd", "7"), ("Nl", "Ⅷ"), ("No", "½"), ("Pc", "_"), ("Pd", "-"), ("Pe", ")"),
            ("Pf", "»"), ("Pi", "«"), ("Po", "!"), ("Ps", "("), ("Zl", "\u{2028}"), ("Zp", "\u{2029}"), ("Zs", " "),
            ("Sc", "€"), ("Sk", "^"), ("Sm", "+"), ("So", "©"), ("Cc", "\u{7}"), ("Cf", "\u{200D}"),
            ("Cn", "\u{378}"), ("Co", "\u{E000}"),
        ]
        for (name, scalar) in samples {
            let text = String(Character(scalar))
            for (other, _) in samples {
                #expect(
                    try IRegexp(parsing: "\\p{\(other)}").matches(whole: text) == (other == name), "\(name) \(other)")
            }
            #expect(try IRegexp(parsing: "\\p{\(name.prefix(1))}").matches(whole: text))
            #expect(try !IRegexp(parsing: "\\P{\(name.prefix(1))}").matches(whole: text))
        }
    }
}
