import Testing
import WireFormats
import YAMLFormat

@Suite("Files of YAML and JSON documents")
struct YAMLFileTests {
    @Test("a document knows the lines of its fields")
    func lines() throws {
        let file = try YAMLFile(parsing: "# none\n---\na: 1\n---\nspec:\n  metrics:\n  - type: x\n")
        #expect(file.documents.map(\.json) == [["a": 1], ["spec": ["metrics": [["type": "x"]]]]])
        #expect(file.documents[0].line(of: "a") == 3)
        #expect(file.documents[1].line(of: "spec.metrics[0].type") == 7)
        #expect(file.documents[1].line(of: "spec.metrics[0].target.value") == 7)
        #expect(file.documents[1].line(of: "spec.policy") == 5)
    }

    @Test("an element of an array is a document with the lines of the file")
    func elements() throws {
        let file = try YAMLFile(parsing: "---\nkind: List\nitems:\n- a: 1\n- b:\n    c: 2\n")
        let items = try #require(file.documents[0].elements(of: "items"))
        #expect(items.map(\.json) == [["a": 1], ["b": ["c": 2]]])
        #expect(items[1].line(of: "b.c") == 6)
        #expect(items[1].line(of: "") == 5)
        #expect(items[1].place(of: "b.c") == "items[1].b.c")
        #expect(file.documents[0].elements(of: "kind") == nil)
    }

    @Test("a field from a merge key has the line where it was written")
    func mergedLines() throws {
        let file = try YAMLFile(parsing: "a: &a\n  b: 1\nc:\n  <<: *a\n  d: 2\n")
        #expect(file.documents[0].json["c"] == ["b": 1, "d": 2])
        #expect(file.documents[0].line(of: "c.b") == 2)
        #expect(file.documents[0].line(of: "c.d") == 5)
    }

    @Test(
        "documents are separated as in kubectl",
        arguments: [
            ("", 0), ("# only this\n", 0), ("---\n", 0), ("null\n", 0), ("---\n---\n# x\n---\n", 0), ("\u{FEFF}", 0),
            ("a: 1\n---\nb: 2\n", 2), ("a: 1\n--- # next\nb: 2\n", 2), ("a: 1\n---  \t\nb: 2\n", 2),
            ("a: 1\r\n---\r\nb: 2\r\n", 2), ("a: 1\n...\n---\nb: 2\n", 2), ("a: |\n  x\n  ---\n  y\n", 1),
            ("\u{FEFF}a: 1\n---\n\u{FEFF}b: 2\n", 2), ("\u{FEFF}---\na: 1\n", 1),
            (#"{"a":1}{"b":2}"#, 2), ("{\"a\":1}\n{\"b\":2}\n", 2), ("{\"a\":1}\n---\n{\"b\":2}", 2),
            ("{\"a\":1}\n---\nb: 2\n", 2), ("{\"a\":1}\n{\"b\":2,}\n", 2), ("\u{FEFF}{\"a\":1}\n\u{FEFF}{\"b\":2}", 2),
            (" \n\t{\"a\":1}\n", 1),
            ("{'a': 1}", 1), ("{\"a\": 1,}", 1), ("# c\n{\"a\": 1}", 1), ("{\"a\":\t1,\n\t\"b\":\t2}", 1),
        ])
    func documents(text: String, count: Int) throws {
        let documents = try YAMLFile(parsing: text).documents
        #expect(documents.count == count)
        #expect(documents.allSatisfy { $0.json.objectValue != nil })
    }

    @Test("JSON in a YAML file is parsed as JSON, with surrogate pairs and the lines of its fields")
    func json() throws {
        let text = """
            {"a": "\\ud83d\\ude80", "b": [{}, [], {"c":
              1.50}], "d/e": "\\"]},\\u0041"}

            {"x": -1e2}
            """
        let documents = try YAMLFile(parsing: "\n\n" + text).documents
        #expect(
            documents.map(\.json) == [
                ["a": "🚀", "b": [[:], [], ["c": 1.5]], "d/e": "\"]},A"], ["x": .number(-100)],
            ])
        #expect(documents[0].line(of: "a") == 3)
        #expect(documents[0].line(of: "b[2].c") == 3)
        #expect(documents[0].line(of: "d/e") == 4)
        #expect(documents[1].line(of: "x") == 6)
        #expect(documents[1].line(of: "") == 6)
    }

    @Test(
        "text that kubectl refuses is refused with its line",
        arguments: [
            ("a: 1\n---\nb: [\n", 4, "is not valid YAML: did not find expected node content"),
            ("a: &x 1\n---\nb: *x\n", 3, "is not valid YAML: found undefined alias"),
            ("a: 1\n--- {b: 2}\n", 2, "is not valid YAML for kubectl: nothing but a comment may follow ---"),
            ("a: 1\n-----BEGIN X-----\n", 2, "is not valid YAML for kubectl: nothing but a comment may follow ---"),
            ("# x\n%YAML 1.2\n---\na: 1\n", 2, "is not valid YAML for kubectl: a directive (%YAML or %TAG)"),
            ("a:\n\tb: 1\n", 2, "is not valid YAML: found"),
            ("a: 1\n---\n\nb: 1\nb: 2\n", 4, "is not valid YAML: repeated keys: b"),
            ("{\"a\": 1,\n\"b\": {\"c\": 1,\n\"c\": 2}}", 3, "is not valid: repeated key: c"),
            ("{\"a\": 1}\n\nxx", 3, "is not valid JSON: expected a value"),
            ("{\"a\": 1}\n{\"b\": 1}\n---\n", 2, "is not valid JSON for kubectl: a further text without a line of ---"),
            ("---\n{\"a\": 1}{\"b\": 1}\n", 2, "is not valid JSON for kubectl: a further text without a line of ---"),
            ("\n{\"a\":\n[1, 2", 3, "is not valid JSON: expected ',' or ']'"),
            ("a: 1\n---\nb: b\u{7}\n", 3, "is not valid YAML: the control character U+7; remove it"),
        ])
    func refused(text: String, line: Int, message: String) {
        let failure = #expect(throws: YAMLDocument.Failure.self) { try YAMLFile(parsing: text) }
        #expect(failure?.line == line)
        #expect(failure?.message.hasPrefix(message) == true, "\(failure?.message ?? "")")
    }
}
