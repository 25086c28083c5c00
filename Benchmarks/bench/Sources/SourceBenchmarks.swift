import Glibc

/// Benchmarks of the sources with real servers.
struct SourceBenchmarks: Benchmark {
    let name = "sources"

    private static let redisCalls = 5_000
    private static let queries = 1_000
    private static let rounds = 5
    /// The polling interval for the reported share of a core.
    private static let pollSeconds = 15.0
    private static let maxInFlight = 32

    func run() async throws -> [Measurement] { try [Self.redis()] + Self.prometheus() }

    /// LLEN through the plugin: the goal is at most twice the median of redis-benchmark with one client, plus one bare
    /// round trip.
    private static func redis() throws -> Measurement {
        let port = "\(20_000 + getpid() % 10_000)"
        let (server, log) = try serve(
            ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", ""], until: "eady to accept connections")
        defer { end(server, log) }

        let table = try output(of: ["redis-benchmark", "-p", port, "-c", "1", "-n", "20000", "--csv", "LLEN", "jobs"])
        // "test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms",...
        let fields = table.split(separator: "\n").last?.split(separator: ",").map { $0.filter { $0 != "\"" } } ?? []
        guard fields.count > 4, let median = Double(fields[4]) else {
            throw BenchError("redis-benchmark says: \(table)")
        }
        let direct = median * 1_000

        let plugin = try PluginPipe("generalscaler-plugin-redis")
        let config = #""type":"redis","config":{"address":"127.0.0.1:\#(port)","list":"jobs"}"#
        let bare = try medianMicroseconds {
            try plugin.send("validate_config", "{\(config)}")
            _ = try plugin.receive()
        }
        let call = try medianMicroseconds {
            try plugin.send("get_metric_value", #"{\#(config),"targetType":"AverageValue","deadlineMs":5000}"#)
            try plugin.receiveValue()
        }
        return Measurement(
            name: "sources.redis LLEN through the plugin, over twice redis-benchmark's and a bare round trip",
            value: call,
            unit: "us", baseline: 2 * direct + bare, goal: .atMost(1))
    }

    /// 1,000 distinct queries every 15 s: the goal is less than 3% of one core and 30 MiB.
    private static func prometheus() throws -> [Measurement] {
        let directory = "/tmp/bench-\(getpid())"
        guard mkdir(directory, 0o700) == 0 else { throw BenchError("cannot make \(directory)") }
        defer { _ = try? output(of: ["rm", "-r", directory]) }
        let file = open("\(directory)/prometheus.yml", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        _ = write(file, "{}\n", 3)
        close(file)
        let port = "\(30_000 + getpid() % 2_000)"
        let (server, log) = try serve(
            [
                "sh", "-c",
                "exec prometheus --config.file=\(directory)/prometheus.yml --storage.tsdb.path=\(directory)/data "
                    + "--web.listen-address=127.0.0.1:\(port) 2>&1",
            ], until: "ready to receive web requests")
        defer { end(server, log) }

        let plugin = try PluginPipe("generalscaler-plugin-prometheus")
        func ask(_ number: Int) throws {
            let config = #"{"address":"http://127.0.0.1:\#(port)","query":"vector(\#(number))"}"#
            try plugin.send(
                "get_metric_value",
                #"{"type":"prometheus","config":\#(config),"targetType":"Value","deadlineMs":10000}"#)
        }
        func round() throws {
            for number in 0..<queries {
                try ask(number)
                if number >= maxInFlight - 1 { try plugin.receiveValue() }
            }
            for _ in 1..<maxInFlight { try plugin.receiveValue() }
        }
        // The first round fills caches.
        try round()
        let before = try ProcessTimes.cpuSeconds(of: plugin.processIdentifier)
        for _ in 1...rounds { try round() }
        let each = (try ProcessTimes.cpuSeconds(of: plugin.processIdentifier) - before) / Double(rounds)
        let share = 100 * each / pollSeconds
        let mebibytes = ProcessTimes.memory(of: plugin.processIdentifier).proportional
        return [
            Measurement(
                name: "sources.prometheus plugin, 1,000 queries every 15 s", value: share, unit: "% of a core",
                goal: .atMost(3)),
            Measurement(name: "sources.prometheus plugin's memory", value: mebibytes, unit: "MiB", goal: .atMost(30)),
        ]
    }

    // MARK: Parts

    private static func medianMicroseconds(_ body: () throws -> Void) throws -> Double {
        for _ in 0..<200 { try body() }
        var times: [Duration] = []
        for _ in 0..<redisCalls {
            let start = ContinuousClock.now
            try body()
            times.append(ContinuousClock.now - start)
        }
        return times.sorted()[times.count / 2] / .microseconds(1)
    }

    /// Starts a server and reads its log until it contains the text.
    static func serve(_ words: [String], until text: String) throws -> (pid_t, log: Int32) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw BenchError("no pipe is left") }
        _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
        let server = try spawn(words, standardOutput: ends[1])
        close(ends[1])
        var log = ""
        var chunk = [UInt8](repeating: 0, count: 1 << 12)
        while !log.contains(text) {
            let count = read(ends[0], &chunk, chunk.count)
            guard count > 0 else { throw BenchError("\(words[0]) did not start: \(log)") }
            log += String(decoding: chunk[..<count], as: UTF8.self)
        }
        return (server, ends[0])
    }

    static func end(_ server: pid_t, _ log: Int32) {
        close(log)
        kill(server, SIGTERM)
        waitpid(server, nil, 0)
    }

    private static func output(of words: [String]) throws -> String {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw BenchError("no pipe is left") }
        _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
        let child = try spawn(words, standardOutput: ends[1])
        close(ends[1])
        defer {
            close(ends[0])
            waitpid(child, nil, 0)
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            let count = read(ends[0], &chunk, chunk.count)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
    }
}
