import Testing

@testable import Backtest

@Suite("Comma-separated values")
struct CSVReaderTests {
    private func records(_ text: String) throws(TraceError) -> [[String]] {
        var reader = try CSVReader(detecting: Array(text.utf8))
        var records: [[String]] = []
        while let record = try reader.next() { records.append(record.map(\.text)) }
        return records
    }

    @Test(
        "every form of CSV in RFC 4180 is parsed",
        arguments: [
            ("a,b\r\nc,d\r\n", [["a", "b"], ["c", "d"]]), ("a,b\nc,d", [["a", "b"], ["c", "d"]]),
            ("a,b\rc,d\r", [["a", "b"], ["c", "d"]]), (#""a","b""#, [["a", "b"]]), (",", [["", ""]]),
            (#""","""#, [["", ""]]), (#""a,b","c""d""#, [["a,b", "c\"d"]]), (#""""""#, [["\""]]),
            ("\"a\r\nb\",c\nd,e", [["a\r\nb", "c"], ["d", "e"]]), ("\"a\rb\"\rd", [["a\rb"], ["d"]]),
            (" a , b ", [[" a ", " b "]]), ("a,\"b\" \nc", [["a", "b"], ["c"]]), ("a, \"b\"", [["a", "b"]]),
            ("# a comment, with \"quotes\n\n \r\n\r\r\na", [["a"]]), ("ü,\u{1F980}\n", [["ü", "\u{1F980}"]]), ("", []),
        ] as [(String, [[String]])])
    func reads(text: String, expected: [[String]]) throws {
        #expect(try records(text) == expected)
    }

    @Test(
        "the delimiter is taken from the line sep=, or is the first one of the header outside quotes",
        arguments: [
            ("a;b\n1,5;2", [["a", "b"], ["1,5", "2"]]), ("a\tb\n1,5\t2", [["a", "b"], ["1,5", "2"]]),
            ("sep=;\r\na;b", [["a", "b"]]), ("sep=,\na,b;c", [["a", "b;c"]]), ("\"sep=|\"\na|b", [["a", "b"]]),
            ("SEP=\t\na\t\tb", [["a", "", "b"]]), (#""a;b",c;d"#, [["a;b", "c;d"]]), ("# x;y\na,b", [["a", "b"]]),
            ("a\nb;c", [["a"], ["b;c"]]),
        ] as [(String, [[String]])])
    func delimiters(text: String, expected: [[String]]) throws {
        #expect(try records(text) == expected)
    }

    @Test(
        "a CSV error names its line and column",
        arguments: [
            ("a,b\"c\n", "line 1, column 2: has a quote inside a field that is not quoted"),
            ("a\n\"b\nc\"d,e\n", "line 3, column 1: has text after its closing quote"),
            ("a\r\n\r\nx,\"b\r\nc", "line 3, column 2: has a quote that is never closed"),
            ("sep=x\na", "line 1: must name one delimiter"), ("sep=\na", "line 1: must name one delimiter"),
        ])
    func wrong(text: String, message: String) throws {
        let error = #expect(throws: TraceError.self) { try records(text) }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }

    @Test("CSV lines are numbered as in an editor, for every kind of line ending")
    func lines() throws {
        var reader = try CSVReader(detecting: Array("a\r\n\"b\nb\"\rc\n\nd".utf8))
        var lines: [Int] = []
        while let record = try reader.next() { lines.append(record[0].line) }
        #expect(lines == [1, 2, 4, 6])
    }
}
