import Testing

@testable import generalscaler_plugin_keda

/// The bytes are those of the specification's examples and of Google's library.
@Suite("messages of external scalers")
struct ProtobufTests {
    @Test("a scaled object is encoded with its fields in order, without empty ones, and with sorted metadata")
    func encoding() {
        let reference = ScaledObjectRef(name: "n", namespace: "", metadata: ["b": "2", "a": ""])
        #expect(reference.bytes == [0x0A, 1, 0x6E, 0x1A, 3, 0x0A, 1, 0x61, 0x1A, 6, 0x0A, 1, 0x62, 0x12, 1, 0x32])
        let request = GetMetricsRequest(
            scaledObject: ScaledObjectRef(name: "", namespace: "", metadata: [:]), metricName: "m")
        #expect(request.bytes == [0x0A, 0, 0x12, 1, 0x6D])
        let long = ScaledObjectRef(name: String(repeating: "x", count: 300), namespace: "", metadata: [:])
        #expect(Array(long.bytes.prefix(3)) == [0x0A, 0xAC, 0x02] && long.bytes.count == 303)
    }

    @Test("numbers of both kinds are decoded, and the floating-point one takes precedence unless it is 0")
    func numbers() throws {
        func value(_ bytes: [UInt8]) throws -> Double { try MetricValue(bytes[...]).value }
        #expect(try value([0x10, 0x96, 0x01]) == 150)
        #expect(try value([0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]) == -1)
        #expect(try value([0x19, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F]) == 1.5)
        #expect(try value([0x10, 7, 0x19, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F]) == 1.5)
        #expect(try value([0x10, 7, 0x19, 0, 0, 0, 0, 0, 0, 0, 0]) == 7)
        #expect(try value([]) == 0)
    }

    @Test("unknown fields, fields of another type and repeated fields are accepted as the specification says")
    func lenience() throws {
        // A field 99, a fixed32 field, the name as a number, and the name twice.
        let bytes: [UInt8] = [0x98, 0x06, 1, 0x25, 1, 2, 3, 4, 0x08, 9, 0x0A, 1, 0x61, 0x0A, 2, 0x62, 0x63]
        #expect(try MetricValue(bytes[...]).name == "bc")
        #expect(try IsActiveResponse([0x08, 0x80, 0x01][...]).result)
        #expect(try !IsActiveResponse([0x08, 1, 0x08, 0][...]).result)
        #expect(try GetMetricSpecResponse([0x0A, 0, 0x0A, 2, 0x10, 3][...]).metrics.map(\.target) == [0, 3])
    }

    @Test(
        "bytes that are no message are refused",
        arguments: [
            [0x0A], [0x0A, 5, 0x61], [0x08], [0x08, 0x80], [0x19, 1, 2], [0x00, 0], [0x0B], [0x0C], [0x0F],
            [0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], [0x0A, 2, 0xC3, 0x28],
            [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
        ] as [[UInt8]])
    func malformed(bytes: [UInt8]) {
        #expect(throws: MalformedMessage.self) { try MetricValue(bytes[...]) }
    }
}
