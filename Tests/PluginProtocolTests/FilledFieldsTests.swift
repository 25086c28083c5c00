import Testing
import WireFormats

@testable import PluginProtocol

@Suite("Config fields that the host fills in")
struct FilledFieldsTests {
    private func fields(_ schema: JSON) throws -> FilledFields {
        try FilledFields(JSONReader(schema, path: "configSchema"))
    }

    @Test("each source of a field is accepted", arguments: FilledValue.allCases)
    func marks(value: FilledValue) throws {
        let schema: JSON = [
            "properties": [
                "place": ["type": "string", "x-from": .string(value.rawValue)], "query": ["type": "string"],
            ]
        ]
        #expect(try fields(schema).values == ["place": value])
    }

    @Test(
        "a schema without address marks has none",
        arguments: [
            [:], ["properties": [:]], ["properties": ["a": true]], ["properties": ["x-from": ["type": "string"]]],
        ]
            as [JSON])
    func none(schema: JSON) throws {
        #expect(try fields(schema).values.isEmpty)
    }

    @Test(
        "an unknown mark and a mark of an inner field are refused with their path",
        arguments: [
            (["properties": ["a": ["x-from": "scaler.uid"]]], "configSchema.properties.a.x-from"),
            (["properties": ["a": ["x-from": true]]], "configSchema.properties.a.x-from"),
            (["properties": ["a": ["x-from": ""]]], "configSchema.properties.a.x-from"),
            (
                ["properties": ["a": ["properties": ["b": ["x-from": "scaler.name"]]]]],
                "configSchema.properties.a.x-from"
            ),
            (["properties": ["a": ["items": ["x-from": "scaler.name"]]]], "configSchema.properties.a.x-from"),
            (["$defs": ["d": ["x-from": "scaler.name"]]], "configSchema.x-from"),
            (["x-from": "scaler.name"], "configSchema.x-from"),
        ] as [(JSON, String)])
    func refused(schema: JSON, path: String) {
        #expect {
            try fields(schema)
        } throws: {
            ($0 as? JSONPathError)?.path == path
        }
    }

    @Test("a handshake with an unknown mark is refused")
    func handshake() {
        let type: JSON = [
            "type": "pods", "description": "Pods.", "defaultTargetType": "Value",
            "configSchema": ["type": "object", "properties": ["a": ["x-from": "target.uid"]]],
        ]
        #expect(throws: JSONPathError.self) { try MetricTypeDescription(JSONReader(type)) }
    }
}
