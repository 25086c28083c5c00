import PluginSDK
import SourceSupport

/// Reads a measurement from a server.
struct MeasurementReader<Runner: CommandRunner> {
    let runner: Runner

    func reading(of measurement: Measurement) throws(PluginError) -> MetricReading {
        switch measurement {
        case .list(let key): MetricReading(try count(RedisCommand("LLEN", key, key: key), key, .list))
        case .set(let key): MetricReading(try count(RedisCommand("SCARD", key, key: key), key, .set))
        case .hash(let key): MetricReading(try count(RedisCommand("HLEN", key, key: key), key, .hash))
        case .sortedSet(let key, "-inf", "+inf"):
            MetricReading(try count(RedisCommand("ZCARD", key, key: key), key, .sortedSet))
        case .sortedSet(let key, let min, let max):
            MetricReading(try count(RedisCommand("ZCOUNT", key, min, max, key: key), key, .sortedSet))
        case .lists(let keys): try sum(ofLists: keys)
        case .number(let key): try number(key)
        case .stream(let key, let measure): try StreamReader(runner: runner, key: key).reading(measure)
        case .script(let source, let keys, let arguments): try result(source, keys, arguments)
        }
    }

    /// Returns a length. The length of a missing key is 0, because Redis removes empty lists.
    private func count(_ command: RedisCommand, _ key: String, _ type: KeyType) throws(PluginError) -> Double {
        Double(try runner.count(of: try runner.run(command), key: key, type))
    }

    private func sum(ofLists keys: [String]) throws(PluginError) -> MetricReading {
        let replies = try runner.run(keys.map { RedisCommand("LLEN", $0, key: $0) })
        var total = 0.0
        for (key, reply) in zip(keys, replies) { total += Double(try runner.count(of: reply, key: key, .list)) }
        return MetricReading(total)
    }

    private func number(_ key: String) throws(PluginError) -> MetricReading {
        let reply = try runner.run(RedisCommand("GET", key, key: key))
        switch reply {
        case .nothing: throw PluginError(.noData, "there is no key \(key), so it has no number")
        case .text(let text):
            guard let value = Self.finite(text) else {
                throw PluginError(
                    .configInvalid,
                    "key \(key) contains \"\(Quoting.shortened(String(text.prefix(64))))\", which is not a number",
                    path: "key")
            }
            return MetricReading(value)
        default: throw try runner.fault(reply, key: key, .string)
        }
    }

    private func result(
        _ source: String, _ keys: [String], _ arguments: [String]
    ) throws(PluginError) -> MetricReading {
        let words = ["EVAL_RO", source, "\(keys.count)"] + keys + arguments
        let reply = try runner.run(RedisCommand(words: words, key: keys.first))
        switch reply {
        case .integer(let number): return MetricReading(Double(number))
        case .nothing: throw PluginError(.noData, "the script returns nil, which means no data")
        case .text(let text):
            guard let value = Self.finite(text) else {
                throw PluginError(
                    .configInvalid, "the script returns a string that is not a number: return tostring(number)",
                    path: "script")
            }
            return MetricReading(value)
        case .error(let error): throw Self.scriptFault(error)
        case .array:
            throw PluginError(.configInvalid, "the script returns an array: return one number", path: "script")
        }
    }

    /// Converts an error of a script, which is in the server's message; other errors are handled as for any command.
    private static func scriptFault(_ error: RedisError) -> PluginError {
        if error.message.lowercased().contains("unknown command") {
            return PluginError(
                .configInvalid, "the server does not know EVAL_RO: script needs Redis 7.0 or later", path: "script")
        }
        let known = error.pluginError("the script")
        // CROSSSLOT: the script's keys are not on one node. ERR, WRONGTYPE: the script failed.
        guard known.kind == .sourceUnreachable, ["ERR", "WRONGTYPE", "CROSSSLOT"].contains(error.code) else {
            return known
        }
        return PluginError(.configInvalid, "the script fails: \(Quoting.shortened(error.message))", path: "script")
    }

    private static func finite(_ text: String) -> Double? {
        let trimmed = text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()
        return Double(String(trimmed)).flatMap { $0.isFinite ? $0 : nil }
    }
}

/// A type of key as returned by TYPE.
enum KeyType: String {
    case list, set, hash, string, stream
    case sortedSet = "zset"

    /// Returns the type with its article, for messages.
    static func phrase(_ name: String) -> String {
        switch name {
        case "zset": "a sorted set"
        case "none": "gone"
        default: "a \(name)"
        }
    }
}

extension CommandRunner {
    func count(of reply: RedisReply, key: String, _ type: KeyType) throws(PluginError) -> Int64 {
        guard let number = reply.integer, number >= 0 else { throw try fault(reply, key: key, type) }
        return number
    }

    /// Returns the error for a reply that does not fit a key of that type.
    func fault(_ reply: RedisReply, key: String, _ type: KeyType) throws(PluginError) -> PluginError {
        guard case .error(let error) = reply else {
            return PluginError(.sourceUnreachable, "key \(key): the server returned \(reply.shapeName), not its length")
        }
        guard error.code == "WRONGTYPE" else { return error.pluginError("key \(key)") }
        let wanted = KeyType.phrase(type.rawValue)
        guard let found = try run(RedisCommand("TYPE", key, key: key)).text else {
            return PluginError(.configInvalid, "key \(key) is not \(wanted)")
        }
        return PluginError(.configInvalid, "key \(key) is \(KeyType.phrase(found)), not \(wanted)")
    }
}
