import TestSupport
import Testing
import WireFormats

/// Servers whose answers are made to take the plugin's memory, asked by many calls at once.
@Suite("HTTP answers that use much memory", .timeLimit(.minutes(10)), .serialized)
struct HTTPMemoryAttackTests {
    private static let bound = 192 << 20

    private func attack(_ body: String, selection: String, calls: Int) async throws -> PluginMemory {
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        return try await RawServer.run { connection in
            while connection.readHead() != nil, connection.write(answer) {}
        } _: { port in
            // Each asks for something else, so that they share no answer.
            let configs = (0..<calls).map { #"{"url":"http://127.0.0.1:\#(port)/\#($0)",\#(selection)}"# }
            return try await PluginMemory.reading("generalscaler-plugin-http", type: "http", configs: configs)
        }
    }

    private static let json = #""jsonPath":"$..*","aggregation":"sum""#
    private static let series = #""metric":"a","aggregation":"sum""#
    private static let labels = (0..<100).map { "l\($0)=\"\"" }.joined(separator: ",")

    /// Bodies and selections by name: a test's arguments are printed.
    private static let attacks: [String: (body: String, selection: String)] = [
        "empty objects": ("[{}" + String(repeating: ",{}", count: 2_700_000) + "]", json),
        "many members": (
            "{" + (0..<120_000).map { "\"\($0)\":{}" }.joined(separator: ",") + "}", json
        ),
        "levels": (String(repeating: "[", count: 8_000_000), json),
        "series": ((0..<500_000).map { "a{b=\"\($0)\"} 1\n" }.joined(), series),
        "labels": ((0..<9_000).map { "a{x=\"\($0)\",\(labels)} NaN\n" }.joined(), series),
        "one label": ("a{b=\"" + String(repeating: "x", count: 8_000_000), series),
    ]

    @Test(
        "an answer of almost 8 MiB of small values is an error and uses little memory",
        arguments: attacks.keys.sorted())
    func smallValues(name: String) async throws {
        let attack = try #require(Self.attacks[name])
        // Twice as many as the plugin reads at one time.
        let memory = try await self.attack(attack.body, selection: attack.selection, calls: 4)
        #expect(memory.answers.count == 4 && memory.answers.allSatisfy { $0["error"] != nil })
        #expect(memory.peakBytes < Self.bound, "\(memory.peakBytes >> 20) MiB")
    }
}
