import HTTPTransport
import PluginSDK
import SourceSupport

struct RedisConfig: MetricConfig {
    // MARK: Where

    @Field("Host and port of the server, such as `redis.shop:6379`; the default port is 6379.", isAddress: true)
    var address: String?

    @Field(
        """
        The server as a URL, instead of `address`: `redis://`, `rediss://` (TLS) or `unix://` with the path of a \
        socket. It may contain user, password and database: `redis://user:password@host:6379/0`.
        """,
        isAddress: true)
    var url: Secret?

    @Field("Name of the ACL user; without it, `password` is that of the default user.")
    var username: String?

    @Field("The password.")
    var password: Secret?

    @Field("Number of the database. Default: 0.", minimum: 0)
    var database: Int?

    @Field("TLS: how to verify the server, and the client's certificate. `{}` is TLS with the system's authorities.")
    var tls: TLSConfig?

    @Field("Sentinels that return the server, instead of `address` and `url`.")
    var sentinel: SentinelConfig?

    @Field("Whether the server is a node of a Redis Cluster: the plugin then finds the node that has the key.")
    var cluster = false

    // MARK: What

    @Field("Key of a list: its length.")
    var list: String?

    @Field("A stream: the number of its entries, by `measure`.")
    var stream: StreamConfig?

    @Field("Key of a set: its number of members.")
    var set: String?

    @Field("A sorted set: its number of members, or of those in a range of scores.")
    var sortedSet: SortedSetConfig?

    @Field("Key of a hash: its number of fields.")
    var hash: String?

    @Field("Key of a string that holds a number: that number.")
    var key: String?

    @Field("Keys of lists: the sum of their lengths.")
    var keys: [String]?

    @Field("A Lua script that returns the value; it runs read-only (EVAL_RO, Redis 7).")
    var script: ScriptConfig?

    func validate() -> [ConfigProblem] {
        var problems = placeProblems
        let named = measurements.filter(\.isNamed).map(\.name)
        if named.count != 1 {
            let all = measurements.map(\.name).joined(separator: ", ")
            let found = named.isEmpty ? "none is set" : "there are \(named.joined(separator: " and "))"
            problems.append(ConfigProblem(path: "", message: "must have exactly one of \(all); \(found)"))
        }
        if let keys, keys.isEmpty || keys.count > RedisLimits.maxKeys || keys.contains("") {
            problems.append(
                ConfigProblem(path: "keys", message: "must name from 1 to \(RedisLimits.maxKeys) keys, none empty"))
        }
        return problems
    }

    private var measurements: [(name: String, isNamed: Bool)] {
        [
            ("list", list != nil), ("stream", stream != nil), ("set", set != nil), ("sortedSet", sortedSet != nil),
            ("hash", hash != nil), ("key", key != nil), ("keys", keys != nil), ("script", script != nil),
        ]
    }

    private var placeProblems: [ConfigProblem] {
        var problems: [ConfigProblem] = []
        func add(_ path: String, _ message: String) { problems.append(ConfigProblem(path: path, message: message)) }

        let places = [address != nil, url != nil, sentinel != nil].filter(\.self)
        if places.count != 1 {
            add(address == nil ? "" : "address", "must have exactly one of address, url and sentinel")
        }
        if let address, RedisAddress(address) == nil {
            add(
                "address",
                "must be host:port, such as redis.shop:6379, with a port from 1 to 65535; a URL goes into url")
        }
        if username != nil, password == nil { add("password", "is required with username") }
        if let text = url?.reveal() {
            do throws(RedisURL.Fault) {
                let url = try RedisURL(text)
                if url.password != nil, password != nil { add("password", "is in url, too; remove one of the two") }
                if url.database != nil, database != nil { add("database", "is in url, too; remove one of the two") }
                if case .unix(_) = url.address, cluster { add("cluster", "needs a network address, not a Unix socket") }
            } catch {
                add("url", error.message)
            }
        }
        if cluster {
            if sentinel != nil { add("cluster", "and sentinel exclude each other; remove one of the two") }
            if database ?? 0 != 0 { add("database", "must be 0 in a cluster, which has no other database") }
        }
        return problems
    }
}

struct SentinelConfig: MetricConfig {
    @Field("Hosts and ports of the Sentinels; the default port is 26379.", isAddress: true)
    var addresses: [String]

    @Field("Name of the master in the Sentinels' configuration.")
    var master: String

    @Field("The ACL user's name at the Sentinels.")
    var username: String?

    @Field("The password of the Sentinels, if they need one.")
    var password: Secret?

    func validate() -> [ConfigProblem] {
        var problems: [ConfigProblem] = []
        if !(1...RedisLimits.maxSentinels ~= addresses.count) {
            problems.append(
                ConfigProblem(path: "addresses", message: "must name from 1 to \(RedisLimits.maxSentinels) Sentinels"))
        }
        for (index, address) in addresses.enumerated() where RedisAddress(address) == nil {
            problems.append(
                ConfigProblem(
                    path: "addresses[\(index)]", message: "must be host:port, with a port from 1 to 65535"))
        }
        if username != nil, password == nil {
            problems.append(ConfigProblem(path: "password", message: "is required with username"))
        }
        return problems
    }
}

struct StreamConfig: MetricConfig {
    enum Measure: String, CaseIterable, ConfigValue {
        case lag
        case pending
        case length
    }

    @Field("Key of the stream.")
    var key: String

    @Field("The consumer group; required for `lag` and `pending`.")
    var group: String?

    @Field(
        """
        `lag`: entries that the group has not finished: those not yet delivered and those pending; \
        `pending`: only those delivered and not acknowledged; `length`: all entries of the stream.
        """)
    var measure = Measure.lag

    func validate() -> [ConfigProblem] {
        switch (measure, group) {
        case (.length, .some):
            [ConfigProblem(path: "group", message: "is not allowed with measure: length; remove it")]
        case (.lag, nil), (.pending, nil):
            [ConfigProblem(path: "group", message: "is required for measure: \(measure.rawValue)")]
        default: []
        }
    }
}

struct SortedSetConfig: MetricConfig {
    @Field("Key of the sorted set.")
    var key: String

    @Field("The minimum score to count, as ZCOUNT takes it: `5`, `(5` (without 5), `-inf`.")
    var min = "-inf"

    @Field("The maximum score to count.")
    var max = "+inf"

    func validate() -> [ConfigProblem] {
        [("min", min), ("max", max)].compactMap { path, score in
            let number = Double(score.drop { $0 == "(" })
            return number == nil || number?.isNaN == true
                ? ConfigProblem(path: path, message: "must be a score such as 5, (5, -inf or +inf") : nil
        }
    }
}

struct ScriptConfig: MetricConfig {
    @Field("The script. It returns an integer, or a string that is a number.")
    var source: String

    @Field("The keys that the script reads (KEYS); in a cluster, all in one slot.")
    var keys: [String] = []

    @Field("Additional arguments of the script (ARGV).")
    var args: [String] = []
}
