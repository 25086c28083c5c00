import Testing
import WireFormats

@testable import PluginProtocol

@Suite("The fast reader of readings")
struct ReadingAnswerTests {
    private func fast(_ line: String) -> ReadingAnswer? {
        Array(line.utf8).withUnsafeBytes { ReadingAnswer($0) }
    }

    /// Returns the general reader's result for the line; nil if it refuses the line.
    private func general(_ line: String) -> (id: Int64, reading: MetricReading)? {
        guard let json = try? JSON(parsing: line), case .result(let id, let result)? = try? PluginMessage.decode(json),
            let reading = try? MetricReading(JSONReader(result))
        else { return nil }
        return (id, reading)
    }

    private func line(_ value: String) -> String {
        #"{"jsonrpc":"2.0","id":7,"result":{"value":\#(value),"observedAt":"2026-01-01T00:00:00.25Z"}}"#
    }

    @Test(
        "typical plugin answers take the fast path of the parser",
        arguments: [
            #"{"jsonrpc":"2.0","id":7,"result":{"value":42.5,"observedAt":"2026-01-01T00:00:00Z"}}"#,
            #"{"jsonrpc": "2.0", "id": 7, "result": {"value": -3, "observedAt": "2026-01-01T00:00:00+01:00"}}"#,
            #"{"id":7,"result":{"detail":"two series","observedAt":"2026-01-01T00:00:00Z","unit":"s","value":0},"jsonrpc":"2.0"} "#,
        ])
    func fastLines(line: String) throws {
        let answer = try #require(fast(line))
        let expected = try #require(general(line))
        #expect(answer.id == expected.id)
        #expect(answer.reading == expected.reading)
    }

    @Test("isAssumed round-trips and is omitted when false")
    func assumed() throws {
        for isAssumed in [true, false] {
            let reading = MetricReading(value: 0, observedAtMicroseconds: 0, isAssumed: isAssumed)
            var writer = JSONWriter()
            reading.encode(into: &writer)
            let json = try JSON(parsing: writer.bytes)
            #expect(json["assumed"] == (isAssumed ? true : nil))
            #expect(try MetricReading(JSONReader(json)) == reading)
        }
    }

    @Test("active round-trips, is omitted if the source says nothing, and is refused unless it is a bool")
    func activity() throws {
        for isActive in [nil, true, false] {
            let reading = MetricReading(value: 2.5, observedAtMicroseconds: 0, isActive: isActive)
            var writer = JSONWriter()
            reading.encode(into: &writer)
            let json = try JSON(parsing: writer.bytes)
            #expect(json["active"]?.boolValue == isActive)
            #expect(try MetricReading(JSONReader(json)) == reading)
        }
        for wrong in ["0", "1", "\"true\"", "[]"] {
            let text = #"{"value":1,"observedAt":"2026-01-01T00:00:00Z","active":\#(wrong)}"#
            let json = try JSON(parsing: Array(text.utf8))
            #expect(throws: JSONPathError.self) { try MetricReading(JSONReader(json)) }
        }
    }

    @Test("usefulReplicas round-trips, is omitted if there is no limit, and is refused out of its range")
    func usefulReplicas() throws {
        for useful in [nil, 1, 7, Int(Int32.max)] {
            let reading = MetricReading(value: 2.5, observedAtMicroseconds: 0, usefulReplicas: useful)
            var writer = JSONWriter()
            reading.encode(into: &writer)
            let json = try JSON(parsing: writer.bytes)
            #expect(json["usefulReplicas"]?.intValue == useful)
            #expect(try MetricReading(JSONReader(json)) == reading)
        }
        for wrong in ["0", "-1", "2147483648", "1.5", "\"3\""] {
            let text = #"{"value":1,"observedAt":"2026-01-01T00:00:00Z","usefulReplicas":\#(wrong)}"#
            let json = try JSON(parsing: Array(text.utf8))
            #expect(throws: JSONPathError.self) { try MetricReading(JSONReader(json)) }
        }
    }

    @Test(
        "the fast reader reads a number as the general reader does, or leaves it to that reader",
        arguments: [
            "0", "-0", "1", "00", "01", "1.", ".5", "-", "- 1", "+1", "1.50", "0.1", "0.30000000000000004", "1e3",
            "1E3",
            "9007199254740991", "9007199254740993", "123456789012345678", "1234567890123456789",
            "0.0000000000000000001",
            "1.7976931348623157e308", "1e400", "NaN", "\"1\"", "null", "1 2", "12 ", "123456.789", "3.141592653589793",
        ])
    func numbers(value: String) {
        let text = line(value)
        if let answer = fast(text) {
            #expect(answer.reading.value == general(text)?.reading.value, "\(value)")
        }
    }

    @Test("the fast reader reads random decimals as the general reader does")
    func randomNumbers() throws {
        var generator = SplitMix(seed: 1)
        for _ in 0..<20_000 {
            let digits =
                UInt64.random(in: 0..<1 << 53, using: &generator) >> UInt64.random(in: 0..<53, using: &generator)
            let places = Int.random(in: 0...8, using: &generator)
            var text = String(digits)
            if places > 0 {
                text = String(repeating: "0", count: max(0, places + 1 - text.count)) + text
                text.insert(".", at: text.index(text.endIndex, offsetBy: -places))
            }
            let expected = try #require(Double(text))
            #expect(fast(line(text))?.reading.value == expected, "\(text)")
        }
    }

    @Test("the fast reader reads a line changed at any byte as the general reader does, or leaves it to that reader")
    func mutations() {
        let original = Array(
            #"{"jsonrpc":"2.0","id":70,"result":{"value":4.25,"unit":"s","observedAt":"2026-01-01T00:00:00Z"}}"#.utf8)
        for index in original.indices {
            for byte in Array(#"{}[]",:\.-+eE01 9x"#.utf8) + [0x00, 0x0A, 0x7F, 0xC3] {
                var bytes = original
                bytes[index] = byte
                guard let answer = bytes.withUnsafeBytes({ ReadingAnswer($0) }) else { continue }
                let text = String(decoding: bytes, as: UTF8.self)
                let expected = general(text)
                #expect(answer.id == expected?.id, "\(text)")
                #expect(answer.reading == expected?.reading, "\(text)")
            }
            #expect(Array(original[..<index]).withUnsafeBytes { ReadingAnswer($0) == nil })
        }
    }
}

/// A random number generator with a seed (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014).
private struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
