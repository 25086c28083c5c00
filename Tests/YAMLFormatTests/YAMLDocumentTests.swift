import Testing
import WireFormats
import YAMLFormat

@Suite("YAML documents")
struct YAMLDocumentTests {
    @Test(
        "scalars in a document have the values that Kubernetes reads",
        arguments: [
            ("true", .bool(true)), ("\"true\"", "true"), ("7", 7), ("0x10", 16), ("2.5", 2.5), ("~", .null),
            ("", .null),
            ("1:30", "1:30"), ("2026-01-02", "2026-01-02"), ("|\n  a\n  b\n", "a\nb\n"),
        ] as [(String, JSON)])
    func scalars(text: String, value: JSON) throws {
        #expect(try YAMLDocument.parse(text) == value)
    }

    @Test("an alias has its anchor's value, anywhere in a value")
    func aliases() throws {
        let text = """
            base: &base {address: "http://x", rate: 2 * x}
            plugins: [*base, {other: *base}]
            "*base": "*base"
            """
        let base: JSON = ["address": "http://x", "rate": "2 * x"]
        #expect(
            try YAMLDocument.parse(text)
                == ["base": base, "plugins": [base, ["other": base]], "*base": "*base"])
    }

    @Test(
        "a key that is not a plain string is refused with its line",
        arguments: ["a: 1\n? [b]\n: 2", "a: 1\n[b]: 2", "a: &a x\n*a : 2"])
    func keys(text: String) {
        let failure = #expect(throws: YAMLDocument.Failure.self) { try YAMLDocument.parse(text) }
        #expect(failure?.description == "has a key that is not a string, on line 2")
    }

    @Test(
        "a mapping as a key is refused with advice on Helm templates",
        arguments: [
            "a: 1\n? {b: c}\n: 2", "a: &a [x]\n{*a}: 2", "a: 1\nname: {{ .Values.name }}",
            "a: 1\nb: {{ include \"name\" . }}",
        ])
    func template(text: String) {
        let failure = #expect(throws: YAMLDocument.Failure.self) { try YAMLDocument.parse(text) }
        #expect(
            failure?.description
                == "has a mapping as a key: if this is a Helm template, render it with `helm template` first, on line 2"
        )
    }

    /// Each would expand to 9 to the power of 30 values.
    @Test(
        "exponentially growing aliases are refused without expansion, as a key and as a value",
        arguments: [
            ("? %\n: 1", "has a key that is not a string, on line 1"),
            ("{%}", "has a key that is not a string, on line 1"),
            ("a: %", "has too many values, including those of its aliases"),
        ])
    func aliasesOfAliases(form: String, problem: String) {
        var value = "[&a0 [x]"
        for level in 1...30 {
            value += ", &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ") + "]"
        }
        let text = form.replacing("%", with: value + "]")
        let failure = #expect(throws: YAMLDocument.Failure.self) { try YAMLDocument.parse(text) }
        #expect(failure?.description == problem)
    }

    @Test(
        "a YAML error is reported with its line and without an excerpt",
        arguments: [
            ("a: 1\nb: [1", "is not valid YAML: line 3: did not find expected ',' or ']'"),
            ("a: *nobody", "is not valid YAML: line 1: found undefined alias"),
            ("a: 1\nb: .inf", "has a number that is not finite, on line 2"),
            ("x: y\na: 1\na: 2", "is not valid YAML: line 2: repeated keys: a"),
            ("a: 1\n---\nb: 2", "is not valid YAML: line 3: a second document"),
            ("a: 1\nb: \u{1}", "is not valid YAML: line 2: the control character U+1"),
            ("a: 1\u{0}", "is not valid YAML: line 1: a NUL byte; if this is text in UTF-16, save it as UTF-8"),
            ("a:\n  b: !!int x", "is not valid YAML: line 2: a value is not what its tag !!int says"),
            ("a:\n  <<: 5", "is not valid YAML: line 2: the value of a merge key (<<) is a mapping"),
            ("a:\n  <<:\n", "is not valid YAML: line 2: the value of a merge key (<<) is a mapping"),
            ("~: 1", "has a key that is not a string, on line 1"),
            (String(repeating: "[", count: 129) + String(repeating: "]", count: 129), "is nested deeper than 128"),
        ])
    func wrong(text: String, problem: String) {
        let failure = #expect(throws: YAMLDocument.Failure.self) { try YAMLDocument.parse(text) }
        #expect(failure?.description.hasPrefix(problem) == true, "\(String(describing: failure))")
    }
}
