import PluginSDK
import TestSupport
import Testing

@testable import generalscaler_plugin_redis

/// Returns the unprocessed entries of a consumer group, also if the server's own count is wrong.
@Suite(.timeLimit(.minutes(4))) struct RedisStreamTests {
    private func lag(_ server: RedisServer, _ more: String = "") async throws -> MetricReading {
        try await RedisPlugin().value(#"\#(server.at), "stream": {"key": "jobs:s", "group": "workers"}\#(more)"#)
    }

    private func add(_ ids: ClosedRange<Int>, to server: RedisServer) async throws {
        let script =
            "for i = \(ids.lowerBound), \(ids.upperBound) do redis.call('XADD', 'jobs:s', i .. '-0', 'n', i) end"
        try await server.command("EVAL", script, "0")
    }

    private func read(_ count: Int, from server: RedisServer) async throws {
        try await server.command(
            "XREADGROUP", "GROUP", "workers", "w1", "COUNT", "\(count)", "NOACK", "STREAMS", "jobs:s", ">")
    }

    /// Returns the member `lag` of XINFO GROUPS.
    private func serversLag(_ server: RedisServer) async throws -> String? {
        let lines = try await server.command("XINFO", "GROUPS", "jobs:s").split(separator: "\n")
        return lines.lastIndex(of: "lag").flatMap { lines[($0 + 1)...].first.map(String.init) }
    }

    @Test("stream entries that were trimmed before delivery do not count")
    func streamEntriesWere() async throws {
        try await RedisServer.run { server in
            try await add(1...5, to: server)
            try await server.command("XGROUP", "CREATE", "jobs:s", "workers", "0")
            try await read(1, from: server)
            try await server.command("XTRIM", "jobs:s", "MAXLEN", "1")
            try await read(1, from: server)
            // A value that would prevent scaling to 0.
            try #require(try await serversLag(server) == "3")
            let idle = try await lag(server)
            #expect(idle.value == 0)
            #expect(idle.detail == "0 not yet delivered, 0 pending")

            try await add(6...7, to: server)
            try #require(try await serversLag(server) == "5")
            let busy = try await lag(server)
            #expect(busy.value == 2)
            #expect(busy.detail == "2 not yet delivered (counted), 0 pending")
        }
    }

    @Test("a stream trimmed past the group's position counts as undelivered as a whole")
    func streamTrimmedPast() async throws {
        try await RedisServer.run { server in
            try await add(1...10, to: server)
            try await server.command("XGROUP", "CREATE", "jobs:s", "workers", "0")
            try await server.command("XREADGROUP", "GROUP", "workers", "w1", "COUNT", "2", "STREAMS", "jobs:s", ">")
            try await server.command("XTRIM", "jobs:s", "MAXLEN", "3")
            try #require(try await serversLag(server) == "8")
            let reading = try await lag(server)
            #expect(reading.value == 5)
            #expect(reading.detail == "3 not yet delivered, 2 pending")
        }
    }

    @Test("a backlog too long to be counted is at most the length of the stream")
    func backlogTooLong() async throws {
        try await RedisServer.run { server in
            try await add(1...3_001, to: server)
            try await server.command("XGROUP", "CREATE", "jobs:s", "workers", "0")
            try await read(1, from: server)
            try await server.command("XTRIM", "jobs:s", "MAXLEN", "2003")
            try await read(1, from: server)
            try #require(try await serversLag(server) == "2999")
            #expect(try await lag(server).value == 2_002)
        }
    }

    @Test("the server's count is used if the user may not read the stream itself")
    func serverCountUsed() async throws {
        let options = RedisServer.Options(
            configuration: ["user default on nopass ~* +@all", "user reader on >reader-word ~* +xinfo|groups"])
        try await RedisServer.run(options) { server in
            try await add(1...7, to: server)
            try await server.command("XGROUP", "CREATE", "jobs:s", "workers", "0")
            try await read(3, from: server)
            let reading = try await lag(server, #", "username": "reader", "password": "reader-word""#)
            #expect(reading.value == 4)
        }
    }

    @Test(
        "the lag is correct after any mix of adding, delivering, deleting and trimming", arguments: [7, 4_711, 90_210])
    func lagCorrectMix(seed: UInt64) async throws {
        try await RedisServer.run { server in
            var random = SplitMix64(seed: seed)
            var model = ModelledStream()
            try await server.command("XGROUP", "CREATE", "jobs:s", "workers", "0", "MKSTREAM")
            for step in 1...60 {
                switch random.below(5) {
                case 0, 1:
                    let count = random.within(1...7)
                    try await add(model.last + 1...model.last + count, to: server)
                    model.add(count)
                case 2:
                    let count = random.within(1...5)
                    try await read(count, from: server)
                    model.deliver(count)
                case 3:
                    guard let id = model.entries.isEmpty ? nil : random.pick(model.entries) else { continue }
                    try await server.command("XDEL", "jobs:s", "\(id)-0")
                    model.entries.removeAll { $0 == id }
                default:
                    let length = random.within(0...9)
                    try await server.command("XTRIM", "jobs:s", "MAXLEN", "\(length)")
                    model.entries = model.entries.suffix(length)
                }
                let reading = try await lag(server)
                #expect(reading.value == Double(model.undelivered), "seed \(seed), step \(step), \(reading)")
            }
        }
    }

    private struct ModelledStream {
        /// The ids of the existing entries, in order.
        var entries: [Int] = []
        var last = 0
        private var lastDelivered = 0

        var undelivered: Int { entries.count { $0 > lastDelivered } }

        mutating func add(_ count: Int) {
            entries += last + 1...last + count
            last += count
        }

        mutating func deliver(_ count: Int) {
            lastDelivered = entries.filter { $0 > lastDelivered }.prefix(count).last ?? lastDelivered
        }
    }
}
