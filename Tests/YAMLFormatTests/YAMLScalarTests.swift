import Testing
import WireFormats
import YAMLFormat

/// The expected values are those of kubectl 1.33.
@Suite("YAML scalars")
struct YAMLScalarTests {
    static let plain: [(String, JSON)] = [
        ("~", nil), ("null", nil), ("NULL", nil), ("", nil), ("nUll", "nUll"),
        ("yes", true), ("on", true), ("y", true), ("Y", true), ("True", true), ("tRue", "tRue"),
        ("off", false), ("n", false), ("NO", false),
        ("010", 8), ("0777", 511), ("0888", .number(888)), ("09", .number(9)), ("0o10", 8), ("0O17", 15),
        ("0o8", "0o8"),
        ("00", 0), ("-0", 0), ("+5", 5), ("1_0", 10), ("1_", 1), ("_1", "_1"), ("0x1F", 31), ("-0x1F", -31),
        ("+0x10", 16),
        ("0x", "0x"), ("0x-5", "0x-5"), ("0b11", 3), ("0b2", "0b2"), ("0x1p4", "0x1p4"),
        ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
        ("9223372036854775808", .number(9_223_372_036_854_775_808)),
        ("-9223372036854775809", .number(-9_223_372_036_854_775_808)),
        ("0x8000000000000000", .number(9_223_372_036_854_775_808)),
        ("123456789012345678901234567890", .number(1.2345678901234568e29)),
        ("1.", .number(1)), (".5", 0.5), ("-.5", -0.5), ("+.5", 0.5), ("1e1", .number(10)), ("1E+3", .number(1000)),
        ("1__0.5", 10.5), ("08.5", 8.5), ("1e400", "1e400"), ("1e", "1e"), ("+", "+"), (".", "."), ("1,000", "1,000"),
        ("inf", "inf"), ("Infinity", "Infinity"), ("NaN", "NaN"), ("=", "="), ("<<", "<<"),
        ("1:30", "1:30"), ("190:20:30.15", "190:20:30.15"), ("2001-12-14", "2001-12-14"),
        ("2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"), ("-x", "-x"),
    ]

    @Test("a plain scalar has the value that kubectl reads", arguments: plain)
    func plainScalars(text: String, value: JSON) throws {
        #expect(try YAMLDocument.parse("v: \(text)\n") == ["v": value])
    }

    @Test(
        "a quoted scalar is a string, and a tagged one has the type of its tag",
        arguments: [
            (#""7""#, "7"), ("'yes'", "yes"), (#""~""#, "~"), (#""a\x41\u00e9\U0001F680""#, "aAé🚀"), (#""\0""#, "\0"),
            ("!!str 5", "5"), (#"!!int "5""#, 5), ("!!float 5", .number(5)), (#"!!bool "yes""#, true),
            ("!!binary dXA=", "up"), (#"!!binary "4pyT""#, "✓"), ("!!timestamp 2001-12-14", "2001-12-14"),
            ("!foo 5", "5"), ("!<tag:yaml.org,2002:str> 7", "7"), ("!!set {a, b}", ["a": nil, "b": nil]),
            ("\"a\u{2028}b\"", "a\u{2028}b"), ("u\u{FEFF}p", "u\u{FEFF}p"),
            ("\"\u{FEFF}\u{FEFF}a\"", "\u{FEFF}\u{FEFF}a"), ("\u{FEFF}7", "\u{FEFF}7"),
            ("'\u{FEFF}\u{E001}'", "\u{FEFF}\u{E001}"),
        ] as [(String, JSON)])
    func taggedScalars(text: String, value: JSON) throws {
        #expect(try YAMLDocument.parse("v: \(text)\n") == ["v": value])
    }

    @Test(
        "a key is the text of the value that it would have",
        arguments: [
            ("yes", "true"), ("n", "false"), ("5", "5"), ("0x10", "16"), ("010", "8"), ("1.5", "1.5"),
            ("'0x10'", "0x10"),
            ("2001-12-14", "2001-12-14"), ("'<<'", "<<"),
        ])
    func keys(key: String, name: String) throws {
        #expect(try YAMLDocument.parse("\(key): 1\n") == [name: 1])
    }

    @Test(
        "merge keys apply in their order, and in a list the first mapping has priority",
        arguments: [
            ("{<<: *m, a: 5}", ["a": 5, "b": 2]), ("{a: 5, <<: *m}", ["a": 1, "b": 2]),
            ("{<<: [*m, *o]}", ["a": 1, "b": 2, "c": 4]), ("{<<: [*o, *m]}", ["a": 3, "b": 2, "c": 4]),
            ("{<<: [{a: 1}, {a: 2, z: 3}]}", ["a": 1, "z": 3]), ("{<<: []}", [:]),
            ("{<<: *p}", ["a": 1, "b": 2, "d": 6]),
            ("{\"<<\": *m}", ["<<": ["a": 1, "b": 2]]),
        ] as [(String, JSON)])
    func mergeKeys(value: String, merged: JSON) throws {
        let anchors = "m: &m {a: 1, b: 2}\no: &o {a: 3, c: 4}\np: &p {<<: *m, d: 6}\n"
        #expect(try YAMLDocument.parse(anchors + "v: \(value)\n")["v"] == merged)
    }

    /// Each mapping merges the previous one nine times.
    @Test("nested merge keys are followed up to a limit")
    func mergeBomb() {
        var text = "a0: &a0 {x: 1}\n"
        for level in 1...20 {
            let before = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            text += "a\(level): &a\(level) {<<: [\(before)]}\n"
        }
        let failure = #expect(throws: YAMLDocument.Failure.self) { try YAMLDocument.parse(text) }
        #expect(failure?.description.hasPrefix("merges too many mappings into one") == true)
    }

    @Test("a byte order mark before the text is ignored, and one in a value is kept")
    func byteOrderMark() throws {
        #expect(try YAMLDocument.parse("\u{FEFF}a: 1\n") == ["a": 1])
        #expect(try YAMLDocument.parse("\u{FEFF}{\"a\": \"u\u{FEFF}p\"}") == ["a": "u\u{FEFF}p"])
    }
}
