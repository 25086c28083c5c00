import TestSupport
import Testing
import WireFormats

/// Servers whose responses are designed to exhaust the plugin's memory, read by many concurrent calls.
@Suite("Prometheus answers that use much memory", .timeLimit(.minutes(3)), .serialized)
struct PrometheusMemoryAttackTests {
    private static let bound = 192 << 20

    private func attack(_ body: String, calls: Int) async throws -> PluginMemory {
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        return try await RawServer.run { connection in
            while connection.readHead() != nil, connection.write(answer) {}
        } _: { port in
            let config = #"{"address":"http://127.0.0.1:\#(port)","query":"up","method":"GET","aggregation":"sum"}"#
            return try await PluginMemory.reading(
                "generalscaler-plugin-prometheus", type: "prometheus",
                configs: Array(repeating: config, count: calls))
        }
    }

    private static let frame = (#"{"status":"success","data":{"resultType":"vector","result":["#, "]}}")

    /// Bodies by name, because test arguments are printed.
    private static let bodies: [String: String] = [
        "empty series": frame.0 + "{}" + String(repeating: ",{}", count: 2_700_000) + frame.1,
        "empty arrays in a series": frame.0 + "[[],[]" + String(repeating: ",[]", count: 2_700_000) + "]" + frame.1,
        "empty warnings": #"{"status":"success","warnings":[""# + String(repeating: #"","#, count: 2_600_000) + #""]}"#,
        "unused members": "{" + String(repeating: #""a":{},"#, count: 1_100_000) + #""data":{}}"#,
        "levels": String(repeating: "[", count: 8_000_000),
    ]

    @Test(
        "an answer of almost 8 MiB of small values is an error and little memory, regardless of their position",
        arguments: bodies.keys.sorted())
    func smallValues(name: String) async throws {
        let body = try #require(Self.bodies[name])
        // Twice as many as the plugin reads concurrently.
        let memory = try await attack(body, calls: 4)
        #expect(memory.answers.count == 4 && memory.answers.allSatisfy { $0["error"] != nil })
        #expect(memory.peakBytes < Self.bound, "\(memory.peakBytes >> 20) MiB")
    }

    @Test("a valid answer of 10,000 series is read for many concurrent calls with little memory")
    func manySeries() async throws {
        let series = (0..<10_000).map { #"{"metric":{"pod":"web-\#($0)"},"value":[1767225600.123,"1"]}"# }
        let memory = try await attack(Self.frame.0 + series.joined(separator: ",") + Self.frame.1, calls: 8)
        #expect(memory.answers.count == 8)
        #expect(memory.answers.allSatisfy { $0["result"]?["value"] == 10_000 }, "\(memory.answers.first ?? .null)")
        #expect(memory.peakBytes < Self.bound, "\(memory.peakBytes >> 20) MiB")
    }
}
