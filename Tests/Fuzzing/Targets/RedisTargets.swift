import PluginProtocol
import PluginSDK
import Synchronization

@testable import generalscaler_plugin_redis

extension FuzzTarget {
    /// A server's replies, and their handling by each measurement.
    static let redisReplies = FuzzTarget("redis-replies") { (input) throws(FuzzFinding) in
        let whole = replies(in: [input[...]])
        try require(replies(in: Chunks.of(input)) == whole, "in pieces they are other replies")
        for measurement in measurements {
            let reader = MeasurementReader(runner: RepliesInOrder(whole))
            switch Result(catching: { () throws(PluginError) in try reader.reading(of: measurement) }) {
            case .success(let reading): try require(reading.value.isFinite, "the value is \(reading.value)")
            case .failure(let error): try requireShort(error.message, "the error")
            }
        }
        try followCluster(whole)
    }

    private static let measurements: [Measurement] = [
        .list("jobs"), .set("jobs"), .hash("jobs"), .sortedSet("jobs", min: "-inf", max: "+inf"), .number("jobs"),
        .sortedSet("jobs", min: "0", max: "9"), .lists(["a", "b", "c"]), .stream(key: "jobs", .length),
        .stream(key: "jobs", .lag(group: "g")), .stream(key: "jobs", .pending(group: "g")),
        .script(source: "return 1", keys: [], arguments: []),
    ]

    private static func replies(in chunks: [ArraySlice<UInt8>]) -> [RedisReply] {
        let reader = ReplyReader()
        var replies: [RedisReply] = []
        for chunk in chunks {
            do throws(ReplyReader.Failure) {
                try reader.feed(chunk)
                while let reply = try reader.next() { replies.append(reply) }
            } catch {
                return replies
            }
        }
        return replies
    }

    private static func followCluster(_ replies: [RedisReply]) throws(FuzzFinding) {
        let seed = RedisEndpoint(
            address: RedisAddress(host: "redis", port: 6_379).tcp, tls: nil, username: nil, password: nil, database: 0)
        let map = ClusterMap()
        for reply in replies {
            map.learn(reply, from: seed, seed)
            _ = map.candidates(for: "jobs", seed)
            guard case .error(let error) = reply else { continue }
            _ = try? Redirect(error, from: seed)
            try requireShort(error.pluginError("redis").message, "the error")
        }
    }
}

/// Returns the replies in order, and then nothing.
private final class RepliesInOrder: CommandRunner {
    private let rest: Mutex<ArraySlice<RedisReply>>

    init(_ replies: [RedisReply]) {
        rest = Mutex(replies[...])
    }

    func run(_ commands: [RedisCommand]) throws(PluginError) -> [RedisReply] {
        rest.withLock { rest in commands.map { _ in rest.popFirst() ?? .nothing } }
    }
}
