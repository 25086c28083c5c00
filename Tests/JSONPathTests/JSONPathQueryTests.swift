import Testing
import WireFormats

@testable import JSONPath

@Suite("JSONPath queries")
struct JSONPathQueryTests {
    static let document: JSON = [
        "queues": [
            ["name": "orders", "messages": 17, "tags": ["eu", "prod"]],
            ["name": "mail", "messages": "3", "idle": nil],
            ["name": "é", "messages": 2.5],
        ],
        "quo'te": ["\\": 1],
        "0": "zero",
    ]

    static func values(_ query: String, in document: JSON = document) throws -> [JSON] {
        try JSONPathQuery(parsing: query).nodes(in: document).map(\.value)
    }

    @Test(
        "a query selects the nodes that RFC 9535 defines",
        arguments: [
            ("$.queues[*].messages", [17, "3", 2.5]),
            ("$.queues[-1].messages", [2.5]),
            ("$.queues[-4].messages", []),
            ("$.queues[1:].name", ["mail", "é"]),
            ("$.queues[::-2].name", ["é", "orders"]),
            ("$.queues[2:0:-1].name", ["é", "mail"]),
            ("$.queues[0:9:0]", []),
            ("$.queues[0,0].name", ["orders", "orders"]),
            ("$..tags[1]", ["prod"]),
            ("$['0']", ["zero"]),
            ("$[0]", []),
            ("$ ['queues'] [ 0 , 1 ] .name", ["orders", "mail"]),
            (#"$['quo\'te']["\\"]"#, [1]),
            (#"$.queues[?@.name=="\u00e9"].messages"#, [2.5]),
            ("$.queues[?@.messages > 2 && !@.tags].name", ["é"]),
            ("$.queues[?@.messages > 2 || @.idle == null].name", ["orders", "mail", "é"]),
            ("$.queues[?(@.name == 'mail' || @.name == 'orders') && @.tags].name", ["orders"]),
            ("$.queues[?@.missing == @.absent].name", ["orders", "mail", "é"]),
            ("$.queues[?@.idle].name", ["mail"]),
            ("$.queues[?length(@.name) <= 4].name", ["mail", "é"]),
            ("$.queues[?count(@.tags[*]) == 2].name", ["orders"]),
            ("$.queues[?value(@..tags) != value(@..absent)].name", ["orders"]),
            ("$.queues[?value(@..absent) == @.absent].name", ["orders", "mail", "é"]),
            ("$.queues[?value(@..absent) == null].name", []),
            ("$.queues[?match(@.name, '.r.*s')].name", ["orders"]),
            ("$.queues[?search(@.name, 'a|^é$')].name", ["mail", "é"]),
            ("$.queues[?@.name == $.queues[1].name].messages", ["3"]),
            ("$.queues[?@.messages == 1.7e1].name", ["orders"]),
        ] as [(String, [JSON])])
    func selection(_ query: String, _ expected: [JSON]) throws {
        #expect(try Self.values(query) == expected)
    }

    @Test(
        "a malformed or mistyped query is rejected with the position of the error",
        arguments: [
            ("", 1), ("queues", 1), ("$.", 3), ("$..", 4), ("$. a", 3), ("$.a ", 4), ("$['a'", 6), ("$[]", 3),
            ("$[01]", 3), ("$[-0]", 3), ("$[9007199254740992]", 3), ("$[1.0]", 4), ("$['\u{1}']", 4),
            (#"$["\'"]"#, 5), (#"$['\ud800']"#, 5), (#"$['\udc00\ud800']"#, 5), ("$[?@.a = 1]", 8), ("$[?1]", 4),
            ("$[?@.* == 1]", 4), ("$[?@..a < 1]", 4), ("$[?length(@)]", 4), ("$[?count(1) > 0]", 10),
            ("$[?length(@.*) > 0]", 11), ("$[?match(@, 'a') == true]", 4), ("$[?match(@)]", 4),
            ("$[?lengths(@) > 1]", 4), ("$[?True]", 4), ("$[?@.a == 01]", 11), ("$[?@.a == 1.]", 13),
            ("$[?!@.a == 1]", 9), ("$[?(@.a) == 1]", 10), ("$[?@.a == (1)]", 11), ("$[?count (@) > 1]", 4),
        ])
    func syntaxErrors(_ query: String, position: Int) {
        #expect {
            try JSONPathQuery(parsing: query)
        } throws: { error in
            (error as? JSONPathSyntaxError)?.position == position
        }
    }

    @Test("normalized paths quote only what RFC 9535 requires")
    func normalizedPaths() throws {
        let document: JSON = ["a'b\\\n\u{b}é\"/": [1, [2]]]
        let paths = try JSONPathQuery(parsing: "$..*").nodes(in: document).map(\.location.normalizedPath)
        let name = #"$['a\'b\\\n\u000bé"/']"#
        #expect(paths == [name, "\(name)[0]", "\(name)[1]", "\(name)[1][0]"])
        for path in paths { #expect(try JSONPathQuery(parsing: path).nodes(in: document).count == 1) }
    }

    @Test("names and strings are equal only if their code points are, regardless of Unicode equivalence")
    func codePoints() throws {
        let decomposed = "e\u{301}"
        #expect(try Self.values("$['\(decomposed)']", in: ["é": 1]) == [])
        #expect(try Self.values("$[?@ == '\(decomposed)']", in: ["é"]) == [])
        #expect(try Self.values("$[?length(@) == 2]", in: [.string(decomposed), "é"]).count == 1)
        #expect(try Self.values("$[?@.a == @.b]", in: [["a": ["é": 1], "b": [decomposed: 1]]] as JSON) == [])
        // U+FB03 comes before U+10000, though UTF-16 has them the other way round.
        #expect(try Self.values("$[?@ < '\u{10000}']", in: ["\u{FB03}", "\u{10001}"]) == ["\u{FB03}"])
    }

    @Test("true is less than or equal to true, but not less")
    func orderOfBooleans() throws {
        #expect(try Self.values("$[?@ < true]", in: [true, false]) == [])
        #expect(try Self.values("$[?@ <= true]", in: [true, false]) == [true])
        #expect(try Self.values("$[?@ >= null]", in: [nil, 0]) == [nil])
    }

    @Test("a literal pattern that is not an I-Regexp matches nothing and is reported")
    func invalidPattern() throws {
        let query = try JSONPathQuery(parsing: #"$[?match(@, '\\d+')]"#)
        #expect(query.invalidPatterns.map(\.position) == [2])
        #expect(try query.nodes(in: ["1", "d"]).isEmpty)
    }

    @Test("an evaluation stops at its limits of steps and nodes")
    func limits() throws {
        let wide = JSON.array((0..<300).map { .integer($0) })
        #expect(throws: JSONPathLimitError.nodes(299)) {
            try JSONPathQuery(parsing: "$[*]").nodes(in: wide, limits: JSONPathLimits(steps: 10_000, nodes: 299))
        }
        #expect(throws: JSONPathLimitError.steps(10_000)) {
            try JSONPathQuery(parsing: "$[?$[?$[?@ == -1]]]").nodes(
                in: wide, limits: JSONPathLimits(steps: 10_000, nodes: 1_000))
        }
        // Comparing large values costs what they are large.
        #expect(throws: JSONPathLimitError.steps(10_000)) {
            try JSONPathQuery(parsing: "$[?$ == $]").nodes(
                in: wide, limits: JSONPathLimits(steps: 10_000, nodes: 1_000))
        }
        let long = JSON.array([.string(String(repeating: "a", count: 70_000))])
        #expect(throws: JSONPathLimitError.steps(10_000)) {
            try JSONPathQuery(parsing: "$[?search(@, 'a*b')]").nodes(
                in: long, limits: JSONPathLimits(steps: 10_000, nodes: 10))
        }
    }

    @Test(
        "an empty selection counts as known only if the array or object that contains it exists",
        arguments: [
            ("$.queues[?@.name == 'x']", true), ("$.queues[0].tags[5:]", true), ("$..absent", true), ("$[*].a.b", true),
            ("$.queue[?@.name == 'x']", false), ("$.queues[1].idle[*]", false), ("$.queues[0].absent", false),
            ("$['0'][*]", false), ("$.queues[9][*]", false),
        ])
    func containers(_ query: String, _ hasContainer: Bool) throws {
        let query = try JSONPathQuery(parsing: query)
        #expect(query.hasContainer(in: Self.document) == hasContainer)
        #expect(try query.nodes(in: Self.document).isEmpty)
    }

    @Test("a query's own size and nesting are bounded")
    func queryBounds() {
        let parentheses = String(repeating: "(", count: 40) + "@.a" + String(repeating: ")", count: 40)
        let long = "$" + String(repeating: ".a", count: 2_048)
        let filters = String(repeating: "[?@", count: 33) + String(repeating: "]", count: 33)
        for query in ["$[?\(parentheses)]", long, "$\(filters)"] {
            #expect(throws: JSONPathSyntaxError.self) { try JSONPathQuery(parsing: query) }
        }
        #expect(throws: Never.self) { try JSONPathQuery(parsing: String(long.dropLast(2))) }
    }
}
