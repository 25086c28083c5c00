import Testing
import WireFormats

@Suite("Writing JSON")
struct JSONWriterTests {
    private func text(of value: JSON, ascii: Bool = false) -> String {
        String(decoding: value.encoded(escapesNonASCII: ascii), as: UTF8.self)
    }

    static let written: [(JSON, String)] = [
        (nil, "null"), (true, "true"), (false, "false"), ([], "[]"), ([:], "{}"), ([1, [], [:]], "[1,[],{}]"),
        (["b": 1, "a": [2], "": nil], #"{"":null,"a":[2],"b":1}"#), (["a": ["c": 1, "b": 2]], #"{"a":{"b":2,"c":1}}"#),
        (0, "0"), (-7, "-7"), (.integer(.max), "9223372036854775807"), (.integer(.min), "-9223372036854775808"),
        (.number(1), "1"), (.number(-0.0), "0"), (0.1, "0.1"), (.number(1e300), "1e+300"),
        (.number(9_007_199_254_740_991), "9007199254740991"), (.number(9_007_199_254_740_992), "9007199254740992.0"),
        (.number(.leastNonzeroMagnitude), "5e-324"), (.number(1.0 / 3), "0.3333333333333333"),
        (.number(.infinity), "null"), (.number(-.infinity), "null"), (.number(.nan), "null"),
        ("", #""""#), ("a\"b\\c/d", #""a\"b\\c/d""#), ("\n\r\t", #""\n\r\t""#),
        ("\u{0}\u{8}\u{C}\u{1F}\u{7F}", #""\u0000\u0008\u000c\u001f\u007f""#), ("é€😀\u{2028}", "\"é€😀\u{2028}\""),
    ]

    @Test("a value is written as compact JSON text", arguments: written)
    func valueWrittenCompact(_ value: JSON, _ text: String) {
        #expect(self.text(of: value) == text)
        #expect(value.description == text)
    }

    static let ascii: [(JSON, String)] = [
        ("plain", #""plain""#), ("é", #""\u00e9""#), ("a€b\n\"", #""a\u20acb\n\"""#), ("😀", #""\ud83d\ude00""#),
        ("\u{10FFFF}\u{FFFF}\u{80}", #""\udbff\udfff\uffff\u0080""#), (["é": "ü"], #"{"\u00e9":"\u00fc"}"#),
    ]

    @Test("a value is written in ASCII only", arguments: ascii)
    func valueWrittenASCII(_ value: JSON, _ text: String) throws {
        #expect(self.text(of: value, ascii: true) == text)
        #expect(try JSON(parsing: text) == value)
    }

    @Test("the writer adds commas and colons between pieces")
    func pieces() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("list")
        writer.beginArray()
        writer.value(1)
        writer.beginArray()
        writer.endArray()
        writer.value("two")
        writer.encodedValue(#"{"three":3}"#.utf8)
        writer.null()
        writer.value(4.5)
        writer.endArray()
        writer.key("flag")
        writer.value(true)
        writer.key("value")
        writer.value(["a": 1] as JSON)
        writer.key("last")
        writer.value(Int64.min)
        writer.endObject()
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == #"{"list":[1,[],"two",{"three":3},null,4.5],"flag":true,"value":{"a":1},"last":-9223372036854775808}"#
        )
    }

    @Test("a string without contiguous UTF-8 is written")
    func substrings() {
        let long = String(repeating: "añ\n", count: 1_000)
        #expect(text(of: .string(String(long.dropFirst(3)))).utf8.count == 2 + 999 * 5)
    }
}
