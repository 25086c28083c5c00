import Testing
import WireFormats

@Suite("Reading JSON")
struct JSONParserTests {
    static let accepted: [(String, JSON)] = [
        ("null", nil), ("true", true), ("false", false), (" \t\r\n0 \t\r\n", 0), ("[]", []), ("{}", [:]),
        ("[ ]", []), ("{ }", [:]), ("[1]", [1]), ("[1 , 2]", [1, 2]), ("[[],[[]]]", [[], [[]]]), ("\"\"", ""),
        (#"{"a":1}"#, ["a": 1]), (#" { "a" : [ 1 , { } ] } "#, ["a": [1, [:]]]), (#"{"":0}"#, ["": 0]),
        (#"{"a":1,"b":2,"a":3}"#, ["a": 3, "b": 2]), (#"{"a":{"a":{"a":null}}}"#, ["a": ["a": ["a": nil]]]),
        // Numbers.
        ("-0", 0), ("-1", -1), ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
        ("9223372036854775808", .number(9_223_372_036_854_775_808)),
        ("-9223372036854775809", .number(-9_223_372_036_854_775_808)),
        ("123456789012345678901234567890", .number(1.2345678901234568e29)), ("1.0", .number(1)),
        ("-0.0", .number(-0.0)), ("0.1", 0.1), ("1e2", .number(100)), ("1E+2", .number(100)), ("1e-2", 0.01),
        ("0e0", .number(0)), ("0E+99", .number(0)), ("1.7976931348623157e308", .number(.greatestFiniteMagnitude)),
        ("5e-324", .number(.leastNonzeroMagnitude)), ("1e-400", .number(0)), ("20e00000000000000001", .number(200)),
        ("0.000000000000000000000000000000000000000000000000000000000000000000000000000000001e82", .number(10)),
        // Strings.
        (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u0041\u00e9\u20AC""#, "Aé€"),
        (#""\u0000""#, "\u{0}"), (#""\u007F""#, "\u{7F}"), ("\"\u{7F}\"", "\u{7F}"), ("\"é€😀\"", "é€😀"),
        ("\"\u{2028}\u{2029}\u{FEFF}\"", "\u{2028}\u{2029}\u{FEFF}"), (#""\uFFFF\uFFFE""#, "\u{FFFF}\u{FFFE}"),
        (#""\ud83d\ude00""#, "😀"), (#""\uD800\uDC00""#, "\u{10000}"), (#""\uDBFF\uDFFF""#, "\u{10FFFF}"),
        (#""x\u00e9y\nz""#, "xéy\nz"), ("\"a/b\"", "a/b"),
        // A byte order mark.
        ("\u{FEFF}{\"a\":1}", ["a": 1]), ("\u{FEFF} \n7", 7),
        // Lone surrogates.
        (#""\ud800""#, "\u{FFFD}"), (#""\udc00""#, "\u{FFFD}"), (#""\ud800x""#, "\u{FFFD}x"),
        (#""\ud800\n""#, "\u{FFFD}\n"), (#""\ud800\u0041""#, "\u{FFFD}A"),
        (#""\udc00\ud800""#, "\u{FFFD}\u{FFFD}"), (#""\ud800\ud83d\ude00""#, "\u{FFFD}😀"),
    ]

    @Test("a JSON text is parsed", arguments: accepted)
    func jsonTextParsed(_ text: String, _ value: JSON) throws {
        #expect(try JSON(parsing: text) == value)
    }

    /// The text, its error, and the offset of the byte.
    static let rejected: [(String, String, Int)] = [
        ("", "unexpected end of the text", 0), (" \n", "unexpected end of the text", 2),
        ("nul", "expected a value", 0), ("nulL", "expected a value", 0), ("True", "expected a value", 0),
        ("NaN", "expected a value", 0), ("Infinity", "expected a value", 0), ("undefined", "expected a value", 0),
        ("nullx", "unexpected text after the value", 4), ("1 2", "unexpected text after the value", 2),
        ("{}}", "unexpected text after the value", 2), ("[]]", "unexpected text after the value", 2),
        ("\u{FEFF}", "unexpected end of the text", 3), ("\u{FEFF}\u{FEFF}1", "expected a value", 3),
        (" \u{FEFF}1", "expected a value", 1), ("\u{FEFF}x", "expected a value", 3),
        ("\u{A0}1", "expected a value", 0), ("\u{B}1", "expected a value", 0),
        ("'a'", "expected a value", 0), ("// 1", "expected a value", 0), ("/**/1", "expected a value", 0),
        ("\u{0}", "expected a value", 0),
        // Arrays and objects.
        ("[", "unexpected end of the text", 1), ("[1", "expected ',' or ']'", 2),
        ("[1,", "unexpected end of the text", 3),
        ("[1,]", "expected a value", 3), ("[,1]", "expected a value", 1), ("[1,,2]", "expected a value", 3),
        ("[1 2]", "expected ',' or ']'", 3), ("[1}", "expected ',' or ']'", 2), ("]", "expected a value", 0),
        ("[1;2]", "expected ',' or ']'", 2), ("{", "expected a member name", 1), (#"{"a""#, "expected ':'", 4),
        (#"{"a":"#, "unexpected end of the text", 5), (#"{"a":1"#, "expected ',' or '}'", 6),
        (#"{"a":1,"#, "expected a member name", 7), (#"{"a":1,}"#, "expected a member name", 7),
        (#"{"a" 1}"#, "expected ':'", 5), (#"{"a":}"#, "expected a value", 5), (#"{"a"::1}"#, "expected a value", 5),
        (#"{"a":1 "b":2}"#, "expected ',' or '}'", 7), ("{a:1}", "expected a member name", 1),
        ("{1:1}", "expected a member name", 1), (#"{"a":1]"#, "expected ',' or '}'", 6),
        (#"{"a",1}"#, "expected ':'", 4), ("{,}", "expected a member name", 1), ("}", "expected a value", 0),
        // Numbers.
        ("-", "expected a digit", 1), ("+1", "expected a value", 0), (".5", "expected a value", 0),
        ("1.", "expected a digit", 2), ("-.5", "expected a digit", 1), ("1.e1", "expected a digit", 2),
        ("1e", "expected a digit", 2), ("1e+", "expected a digit", 3), ("1e1.5", "unexpected text after the value", 3),
        ("01", "a number must not start with 0", 0), ("-01", "a number must not start with 0", 0),
        ("00", "a number must not start with 0", 0), ("00.5", "a number must not start with 0", 0),
        ("0x10", "unexpected text after the value", 1), ("1_000", "unexpected text after the value", 1),
        ("--1", "expected a digit", 1), ("-NaN", "expected a digit", 1), ("1e400", "number out of range", 0),
        ("-1e400", "number out of range", 0), ("[1.8e308]", "number out of range", 1), ("１", "expected a value", 0),
        // Strings.
        ("\"", "unterminated string", 0), ("\"abc", "unterminated string", 0), (#""\""#, "unterminated string", 0),
        (#""abc\"#, "unterminated string", 4), (#""\x""#, "unknown escape in a string", 1),
        (#""\'""#, "unknown escape in a string", 1), (#""\U0041""#, "unknown escape in a string", 1),
        (#""\u""#, "unterminated string", 1), (#""\u004""#, "expected four hexadecimal digits", 6),
        (#""\u00g0""#, "expected four hexadecimal digits", 5), (#""\u+041""#, "expected four hexadecimal digits", 3),
        (#""\ud800\u12""#, "unterminated string", 7), ("\"a\nb\"", "unescaped control character in a string", 2),
        ("\"\t\"", "unescaped control character in a string", 1),
        ("\"\u{0}\"", "unescaped control character in a string", 1),
        ("\"\\n\u{1F}\"", "unescaped control character in a string", 3),
    ]

    @Test("a text that is not JSON is refused with the byte offset", arguments: rejected)
    func textJSONRefused(_ text: String, _ message: String, _ offset: Int) {
        let error = #expect(throws: JSONSyntaxError.self) { try JSON(parsing: text) }
        #expect(error?.message == message)
        #expect(error?.offset == offset)
        #expect(error?.description == "\(message) at byte \(offset)")
    }

    @Test(
        "invalid UTF-8 is refused at any position",
        arguments: [
            [0xFF], [0x80], [0xC0, 0x80], [0xC3], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
            [0xF8, 0x88, 0x80, 0x80, 0x80], [0xE0, 0x80, 0x80],
        ] as [[UInt8]])
    func invalidUTF8(bytes: [UInt8]) {
        let quote = UInt8(ascii: "\"")
        let newline = Array(#"\n"#.utf8)
        for text in [
            [quote] + bytes + [quote], [quote] + newline + bytes + [quote], [quote] + bytes + newline + [quote],
        ] {
            let error = #expect(throws: JSONSyntaxError.self) { try JSON(parsing: text) }
            #expect(error?.message == "invalid UTF-8 in a string")
        }
        #expect(throws: JSONSyntaxError.self) { try JSON(parsing: bytes) }
        #expect(throws: JSONSyntaxError.self) {
            try JSON(parsing: Array(#"{""#.utf8) + bytes + Array(#"":1}"#.utf8))
        }
    }

    @Test("nesting is bounded, and a text far above the limit uses no stack")
    func depth() throws {
        func nested(_ depth: Int, _ open: String, _ close: String) -> String {
            String(repeating: open, count: depth) + "0" + String(repeating: close, count: depth)
        }
        for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
            #expect(throws: Never.self) { try JSON(parsing: nested(JSON.maximumDepth, open, close)) }
            for depth in [JSON.maximumDepth + 1, 100_000] {
                let error = #expect(throws: JSONSyntaxError.self) { try JSON(parsing: nested(depth, open, close)) }
                #expect(error?.message == "nested deeper than 128")
                #expect(error?.offset == JSON.maximumDepth * open.utf8.count)
            }
        }
        // The depth counts nesting, not brackets.
        let wide = "[" + String(repeating: "[],", count: 1_000) + "[]]"
        #expect(try JSON(parsing: wide).arrayValue?.count == 1_001)
    }

    @Test("bytes to parse need not be contiguous")
    func lazyBytes() throws {
        let text = #"{"a":[1,"é\n"]}"#
        #expect(try JSON(parsing: text.utf8.lazy.map { $0 }) == ["a": [1, "é\n"]])
        #expect(try JSON(parsing: Array(text.utf8)[...]) == ["a": [1, "é\n"]])
    }

    @Test("the time to parse a long text is proportional to its length", .timeLimit(.minutes(1)))
    func long() throws {
        let count = 200_000
        let numbers = "[" + Array(repeating: "12345.5", count: count).joined(separator: ",") + "]"
        #expect(try JSON(parsing: numbers).arrayValue?.count == count)
        let escapes = "\"" + String(repeating: #"\n\u00e9"#, count: count) + "\""
        #expect(try JSON(parsing: escapes).stringValue?.unicodeScalars.count == 2 * count)
        let digits = String(repeating: "9", count: 300)
        #expect(try JSON(parsing: digits).doubleValue == 1e300)
        #expect(throws: JSONSyntaxError.self) { try JSON(parsing: String(repeating: "9", count: count)) }
        #expect(throws: JSONSyntaxError.self) { try JSON(parsing: String(repeating: "[", count: count)) }
    }
}
