import FoundationEssentials
import Glibc
import WireFormats

/// One size of the scale benchmark: its three processes and the measurements.
struct ScaleRun {
    struct Window {
        /// CPU time per minute of all the operator's processes.
        var cpuMilliseconds: Double
        /// The plugins' part of it.
        var pluginMilliseconds: Double
        var memory: (resident: Double, proportional: Double)
        var queriesPerSecond: Double
        /// Write requests to the API server, without those of the lease.
        var writes: Int
        /// The 99th percentile in seconds; nil without polls.
        var latenessP99: Double?
    }

    private let size: Int
    private let directory: String
    private let kubeconfig: String
    private let cluster: Cluster
    private let metrics: MetricsServer
    private var scaler: OperatorProcess
    /// The start time in microseconds since 1970.
    private let started: Int64

    /// Creates the objects, then starts the operator.
    ///
    /// - Parameters:
    ///   - forecast: the `forecast` of each scaler's spec; nil for none.
    ///   - budgets: the number of ScalingBudgets over the scalers.
    init(size: Int, directory: String, forecast: JSON? = nil, budgets: Int = 0) throws {
        self.size = size
        self.directory = directory
        kubeconfig = "\(directory)/kubeconfig"
        cluster = try Cluster(kubeconfig: kubeconfig)
        metrics = try MetricsServer()
        Self.progress(size, "creating objects")
        try cluster.create(size, source: metrics.address, forecast: forecast, budgets: budgets)
        started = WallClock.microseconds()
        scaler = try OperatorProcess(directory: directory, kubeconfig: kubeconfig)
    }

    /// Returns the seconds from the start until every scaler has its first status.
    func untilAllAreReady() throws -> Double {
        progress("first decisions")
        var ready: Set<String> = []
        var last = started
        var leads = false
        try wait("every scaler's first status") {
            for request in try cluster.take() where request.status < 300 {
                leads = leads || request.resource == "leases" && request.verb != "get"
                if request.resource == "generalscalers/status", ready.insert(request.name).inserted {
                    last = request.microseconds
                }
            }
            return leads && ready.count == size
        }
        return Double(last - started) / 1e6
    }

    /// Measures the resource use without any scaling.
    ///
    /// - Parameter unsteady: whether the metrics' values differ between polls.
    func steadyState(seconds: Int, unsteady: Bool) throws -> Window {
        try metrics.setUnsteady(unsteady)
        // Initial work is finished after one more poll of each scaler.
        sleep(UInt32(ScaleEnvironment.pollSeconds))
        progress(unsteady ? "active" : "idle")
        _ = try cluster.take()
        _ = try metrics.take()
        let before = try scaler.cpuSeconds()
        let start = ContinuousClock.now
        sleep(UInt32(seconds))
        let after = try scaler.cpuSeconds()
        let passed = (ContinuousClock.now - start) / .seconds(1)
        let queries = try metrics.take()
        let writes = try cluster.take().filter {
            !["get", "list", "watch"].contains($0.verb.lowercased()) && $0.resource != "leases"
        }
        for write in writes.prefix(5) { progress("write: \(write)") }
        let own = (after.own - before.own) * 1e3 * 60 / passed
        let plugins = (after.plugins - before.plugins) * 1e3 * 60 / passed
        return Window(
            cpuMilliseconds: own + plugins, pluginMilliseconds: plugins, memory: scaler.memory(),
            queriesPerSecond: Double(queries.count) / passed, writes: writes.count,
            latenessP99: Self.lateness(queries).map { $0.percentile(0.99) })
    }

    /// Returns how late each query was, in seconds, relative to the earliest one of the same scaler, which is due every
    /// ``ScaleEnvironment/pollSeconds``.
    private static func lateness(_ queries: [MetricsServer.Query]) -> [Double]? {
        let interval = Double(ScaleEnvironment.pollSeconds)
        let groups = Dictionary(grouping: queries, by: \.index).values.map { group in
            let first = group[0].microseconds
            // Relative to a quarter of an interval before the first query, so that none counts to the previous
            // interval.
            let offsets = group.map { query -> Double in
                let time = Double(query.microseconds - first) / 1e6 + interval / 4
                return time - (time / interval).rounded(.down) * interval
            }
            let earliest = offsets.min() ?? 0
            return offsets.map { $0 - earliest }
        }
        return groups.isEmpty ? nil : groups.flatMap { $0 }
    }

    func bareQuerySeconds(rate: Double) throws -> Double {
        progress("the bare libcurl loop")
        return try CurlLoop.secondsPerQuery(metrics.address, rate: rate, seconds: 15)
    }

    /// Returns the CPU seconds for listing all objects, without those of polls.
    func relistCost() throws -> Double {
        progress("relist")
        func cost(_ body: () throws -> Void) throws -> Double {
            let before = try scaler.cpuSeconds()
            try body()
            sleep(UInt32(ScaleEnvironment.pollSeconds))
            return try scaler.cpuSeconds().own - before.own
        }
        let usual = try cost {}
        return max(0, try cost { try cluster.forceRelist() } - usual)
    }

    /// Returns the seconds from the rise of that many scalers' metrics to each patch.
    func reaction(of count: Int, patience: Duration) throws -> [Double] {
        progress("reaction")
        _ = try cluster.take()
        let indices = (0..<size).shuffled().prefix(count)
        let names = Set(indices.map(ScaleEnvironment.name))
        let rose = try metrics.raise(indices)
        var patched: [String: Double] = [:]
        try wait("every patch", patience) {
            for request in try cluster.take()
            where request.resource == "deployments/scale" && request.verb == "patch" && request.status == 200
                && names.contains(request.name)
            {
                patched[request.name] = patched[request.name] ?? Double(request.microseconds - rose) / 1e6
            }
            return patched.count == count
        }
        return Array(patched.values)
    }

    /// Restarts the operator.
    ///
    /// - Returns: the seconds until every scaler has been polled.
    mutating func restart(patience: Duration) throws -> Double {
        progress("restart")
        let start = try replaceOperator()
        return Double(try untilAllArePolled(patience).last - start) / 1e6
    }

    /// Returns the allocations of the operator's process per poll without any scaling: the difference between a longer
    /// and a shorter run, divided by the additional polls.
    mutating func allocationsPerPoll(patience: Duration) throws -> Double {
        progress("allocations")
        var runs: [(allocations: Int, polls: Int)] = []
        for intervals in [1, 5] {
            try replaceOperator(environment: Allocations.environment)
            let first = try untilAllArePolled(patience).count
            sleep(UInt32(intervals * ScaleEnvironment.pollSeconds))
            scaler.stop()
            let log = contents("\(directory)/operator.log")
            runs.append((try Allocations.count(inLog: log), first + (try metrics.take().count)))
        }
        // Further measurements need a running operator.
        try replaceOperator()
        _ = try untilAllArePolled(patience)
        sleep(UInt32(ScaleEnvironment.pollSeconds))
        return Double(runs[1].allocations - runs[0].allocations) / Double(runs[1].polls - runs[0].polls)
    }

    /// - Returns: the start time of the new operator, in microseconds since 1970.
    @discardableResult
    private mutating func replaceOperator(environment: [String] = []) throws -> Int64 {
        scaler.stop()
        _ = try metrics.take()
        let start = WallClock.microseconds()
        scaler = try OperatorProcess(directory: directory, kubeconfig: kubeconfig, environment: environment)
        return start
    }

    /// - Returns: the number of polls, and the time of the last scaler's first one.
    private func untilAllArePolled(_ patience: Duration) throws -> (count: Int, last: Int64) {
        var polled: [Int: Int64] = [:]
        var count = 0
        try wait("every poll", patience) {
            for query in try metrics.take() {
                polled[query.index] = polled[query.index] ?? query.microseconds
                count += 1
            }
            return polled.count == size
        }
        return (count, polled.values.max() ?? 0)
    }

    private func wait(_ what: String, _ patience: Duration = .seconds(180), until isDone: () throws -> Bool) throws {
        let start = ContinuousClock.now
        while try !isDone() {
            guard ContinuousClock.now - start < patience else {
                let log = contents("\(directory)/operator.log").split(separator: "\n").suffix(5).joined(separator: "\n")
                throw BenchError(
                    "\(size) scalers: timed out waiting for \(what) after \(patience); the operator's log ends:\n\(log)"
                )
            }
            usleep(200_000)
        }
    }

    private func progress(_ what: String) { Self.progress(size, what) }

    private static func progress(_ size: Int, _ what: String) {
        let line = Array("scale, \(size) scalers: \(what)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }
}
