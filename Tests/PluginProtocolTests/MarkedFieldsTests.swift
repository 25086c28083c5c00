import Testing
import WireFormats

@testable import PluginProtocol

@Suite("Fields that a schema marks")
struct MarkedFieldsTests {
    private static let mark: JSON = ["type": "string", "x-secret": true]

    private static func paths(_ schema: JSON, _ config: JSON) -> Set<String>? {
        MarkedFields("x-secret", in: schema).map { Set($0.fields(of: config).map(\.path)) }
    }

    @Test("a schema without a mark has no fields, and a mark that is not true is none")
    func none() {
        #expect(Self.paths(["properties": ["a": ["type": "string"]]], ["a": "x"]) == nil)
        #expect(Self.paths(["properties": ["a": ["x-secret": "yes"]]], ["a": "x"]) == nil)
        #expect(Self.paths(["x-secret": true], "all") == [""])
    }

    @Test("a field is found in members, elements, and members of any name")
    func locations() {
        let schema: JSON = [
            "properties": [
                "user": ["properties": ["password": Self.mark, "name": ["type": "string"]]],
                "list": ["items": Self.mark],
                "pair": ["prefixItems": [["type": "string"], Self.mark], "items": false],
                "plain": ["additionalProperties": false],
            ],
            "additionalProperties": ["properties": ["key": Self.mark]],
        ]
        let config: JSON = [
            "user": ["password": "p", "name": "n", "other": ["password": "no"]], "list": ["a", ["b"]],
            "pair": ["a", "b", "c"], "plain": ["key": "no"], "extra": ["key": nil, "name": "n"], "number": 7.3,
        ]
        #expect(Self.paths(schema, config) == ["user.password", "list[0]", "list[1]", "pair[1]", "extra.key"])
        #expect(Self.paths(schema, [["user": "no object"]]) == [])
        #expect(Self.paths(schema, nil) == [])
    }

    @Test("a member with a rule of its own is not subject to the rules of the others")
    func ownRule() {
        let schema: JSON = ["properties": ["open": ["type": "string"]], "patternProperties": ["^x$": Self.mark]]
        #expect(Self.paths(schema, ["open": "1", "other": "2"]) == ["other"])
    }

    @Test(
        "every schema that applies to a location can mark it",
        arguments: ["allOf", "anyOf", "oneOf"].map { name -> JSON in
            [name: [["type": "object"], ["properties": ["a": mark]]]]
        } + ["then", "else"].map { name -> JSON in ["if": true, name: ["properties": ["a": mark]]] })
    func applied(schema: JSON) {
        #expect(Self.paths(schema, ["a": "x", "b": "y"]) == ["a"])
    }

    @Test(
        "a reference to any location of the schema is followed",
        arguments: [
            "#/$defs/secret", "#/$defs/se~1cr~0et", "#/$defs/list/0", "#/$defs/list/prefixItems/1",
        ])
    func references(pointer: String) {
        let target: JSON = ["properties": ["a": Self.mark]]
        let schema: JSON = [
            "$ref": .string(pointer),
            "$defs": [
                "secret": target, "se/cr~et": target,
                "list": ["prefixItems": [["type": "string"], target], "0": target],
            ],
        ]
        #expect(Self.paths(schema, ["a": "x"]) == ["a"])
    }

    @Test("a schema that refers to itself marks at any depth, and one that multiplies marks the config as a whole")
    func circular() {
        let tree: JSON = [
            "properties": ["key": Self.mark, "left": ["$ref": "#"], "right": ["$ref": "#/properties/left"]]
        ]
        let config: JSON = ["left": ["right": ["left": ["key": "x"]]], "key": "y"]
        #expect(Self.paths(tree, config) == ["key", "left.right.left.key"])
        #expect(Self.paths(["allOf": [["$ref": "#"]], "properties": ["a": Self.mark]], ["a": "x"]) == ["a"])
        let itself: JSON = ["$ref": "#"]
        let multiplied: JSON = ["allOf": [itself, itself, itself, itself], "properties": ["a": Self.mark]]
        #expect(Self.paths(multiplied, ["a": "x"]) == [""])
    }

    @Test("a chain of references without end in sight is prepared without recursion")
    func longChain() {
        let length = 30_011
        var definitions: [String: JSON] = ["d\(length)": ["properties": ["a": Self.mark]]]
        for number in 0..<length {
            definitions["d\(number)"] = ["properties": ["a": ["$ref": .string("#/$defs/d\(number + 1)")]]]
        }
        let schema: JSON = ["$ref": "#/$defs/d0", "$defs": .object(definitions)]
        #expect(Self.paths(schema, ["a": ["a": "x"]]) == [])
    }
}
