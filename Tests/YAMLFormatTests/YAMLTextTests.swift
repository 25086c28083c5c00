import Testing
import WireFormats
import YAMLFormat

@Suite("YAML text")
struct YAMLTextTests {
    @Test(
        "a string written as YAML text is read back as the same string",
        arguments: [
            "", "plain", "yes", "No", "on", "null", "~", "NaN", "1", "1.5", "0x1F", "1e3", "010", "2026-01-02", "1:30",
            "50%", "- a", "a: b", "a #b", "#c", "=", "<<", "*a", "&a", "!t", "%d", "@x", "`", "{a}", "[b]", "a\nb\n",
            " a ",
            "é", "\u{7F}\u{1B}", "'", "\"", "a'b\"c", "\\n", "?", "|", ">", "sum(rate(x{a=\"b\"}[5m])) > 0",
        ])
    func strings(text: String) throws {
        let json: JSON = .object(["a": .string(text), text: [.string(text)]])
        #expect(try YAMLDocument.parse(YAMLText.text(json)) == json)
    }

    @Test("numbers, booleans, lists and objects written as YAML text are read back unchanged")
    func others() throws {
        let json: JSON = ["n": 1, "f": 0.1, "b": false, "z": .null, "l": [[], [:], [1, ["x": [2]]]]]
        #expect(try YAMLDocument.parse(YAMLText.text(json)) == json)
    }

    @Test("YAML text is in block style, with sorted keys")
    func style() {
        let json: JSON = [
            "spec": ["safety": ["maxScaleUpRate": "50%"], "metrics": [["targetValue": 90, "name": "a b"]]]
        ]
        #expect(
            YAMLText.text(json) == """
                spec:
                  metrics:
                  - name: a b
                    targetValue: 90
                  safety:
                    maxScaleUpRate: "50%"

                """)
    }
}
