import TestSupport
import Testing
import WireFormats

/// Servers whose replies are designed to exhaust the plugin's memory, read by as many concurrent calls as the plugin
/// allows.
@Suite("Redis replies that use much memory", .timeLimit(.minutes(3)), .serialized)
struct RedisMemoryAttackTests {
    private static let bound = 160 << 20

    private func attack(_ replies: [String]) async throws -> PluginMemory {
        try await RawServer.run { connection in
            guard connection.read() != nil else { return }
            for reply in replies { guard connection.write(reply) else { return } }
            connection.waitForClose()
        } _: { port in
            try await PluginMemory.reading(
                "generalscaler-plugin-redis", type: "redis",
                configs: Array(repeating: #"{"address":"127.0.0.1:\#(port)","list":"l"}"#, count: 16))
        }
    }

    @Test(
        "a reply of 6 MB of empty arrays, nested arrays, integers or one text is an error and uses no memory",
        arguments: ["*0\r\n", "*1\r\n*0\r\n", ":1\r\n", "$0\r\n\r\n", "$-1\r\n"])
    func elements(element: String) async throws {
        let count = (6 << 20) / element.utf8.count
        let memory = try await attack(["*\(count)\r\n", String(repeating: element, count: count)])
        #expect(memory.answers.count == 16)
        #expect(memory.answers.allSatisfy { $0["error"] != nil })
        #expect(memory.peakBytes < Self.bound, "\(memory.peakBytes >> 20) MiB")
    }

    @Test(
        "a reply of 6 MB that is one line without an end, or of an unexpected type, is an error and uses no memory",
        arguments: [
            "+", "-ERR ", ":", "(", ",", "=6291456\r\ntxt:", "%3000000\r\n", "~6000000\r\n", ">6000000\r\n", "|9\r\n",
            "*1\r\n+", "$-2\r\n", "HTTP/1.1 200 OK ",
        ])
    func otherTypes(start: String) async throws {
        let memory = try await attack([start, String(repeating: "1", count: 6 << 20)])
        #expect(memory.answers.count == 16 && memory.answers.allSatisfy { $0["error"] != nil })
        #expect(memory.peakBytes < Self.bound, "\(memory.peakBytes >> 20) MiB")
    }

    @Test("nested arrays that together announce many elements are an error and use no memory")
    func announcements() async throws {
        let announced = String(repeating: "*4000\r\n", count: 9) + String(repeating: "*4000\r\n*0\r\n", count: 4_000)
        let memory = try await attack([announced])
        #expect(memory.answers.count == 16 && memory.answers.allSatisfy { $0["error"] != nil })
        #expect(memory.peakBytes < Self.bound, "\(memory.peakBytes >> 20) MiB")
    }

    @Test("replies just below the size limit are read a few at a time")
    func texts() async throws {
        let length = (4 << 20) - 100
        let memory = try await attack(["$\(length)\r\n", String(repeating: "9", count: length), "\r\n"])
        #expect(memory.answers.count == 16 && memory.answers.allSatisfy { $0["error"] != nil })
        #expect(memory.peakBytes < Self.bound, "\(memory.peakBytes >> 20) MiB")
    }

    @Test("a small reply is read while other servers send large ones")
    func others() async throws {
        try await RawServer.run { connection in
            let bad = "*1000000\r\n" + String(repeating: "*0\r\n", count: 1_000_000)
            while let command = connection.read() {
                let isGood = String(decoding: command, as: UTF8.self).contains("good")
                guard connection.write(isGood ? ":42\r\n" : bad) else { return }
            }
        } _: { port in
            let configs = (0..<8).flatMap { index in
                ["bad\(index)", "good"].map { #"{"address":"127.0.0.1:\#(port)","list":"\#($0)"}"# }
            }
            let memory = try await PluginMemory.reading("generalscaler-plugin-redis", type: "redis", configs: configs)
            #expect(memory.answers.count { $0["result"]?["value"] == 42 } == 8)
            #expect(memory.answers.count { $0["error"] != nil } == 8)
        }
    }
}
