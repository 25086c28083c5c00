import ClusterSimulator
import FoundationEssentials
import Glibc
import Logging
import ServiceLifecycle
import Synchronization
import WireFormats

/// The simulated cluster in a separate process, controlled through standard input. Ends with its input.
enum ClusterProcess {
    static let flag = "--cluster"
    static let externalScalerPrefix = "external:"

    /// How often the server's bounded request log is moved to the benchmark's.
    private static let drainInterval: Duration = .milliseconds(100)

    private final class Requests: Sendable {
        let entries = Mutex<[LoggedRequest]>([])
    }

    /// - Parameter kubeconfig: the kubeconfig file to write.
    static func run(kubeconfig: String, definition: JSON, budgetDefinition: JSON) async throws {
        var api = APIServer.Configuration(now: WallClock.microseconds, makeUID: { UUID().uuidString.lowercased() })
        api.workloadStartupDelay = .seconds(1)
        let simulator = ClusterSimulator(configuration: .init(api: api), logger: Logger.none)
        let group = ServiceGroup(services: [simulator], logger: Logger.none)
        let requests = Requests()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask {
                while true {
                    try await Task.sleep(for: drainInterval)
                    let news = simulator.api.takeRequests()
                    requests.entries.withLock { $0 += news }
                }
            }
            try Data(try await simulator.kubeconfig(namespace: ScaleEnvironment.namespace).utf8).write(
                to: URL(filePath: kubeconfig))
            try simulator.api.create(definition)
            try simulator.api.create([
                "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(ScaleEnvironment.namespace)],
            ])
            // Reading standard input blocks this thread, which has no other work.
            while let line = readLine() {
                let command = try JSON(parsing: Array(line.utf8))
                if command["budgets"] != nil { try simulator.api.create(budgetDefinition) }
                print(try answer(command, simulator.api, requests))
            }
            await group.triggerGracefulShutdown()
            tasks.cancelAll()
        }
    }

    /// - Parameter source: a URL of Prometheus, the address of an external scaler after `externalScalerPrefix`, or the
    ///   address of Redis.
    private static func scaler(_ index: Int, _ source: String, forecast: JSON?, budgets: Int?) -> JSON {
        if source.hasPrefix("http") {
            return ScaleEnvironment.scaler(index, source: source, forecast: forecast, budgets: budgets)
        }
        guard source.hasPrefix(externalScalerPrefix) else { return ScaleEnvironment.listScaler(index, redis: source) }
        return ScaleEnvironment.queueScaler(
            index, externalScaler: String(source.dropFirst(externalScalerPrefix.count)))
    }

    private static func answer(
        _ command: JSON, _ api: APIServer, _ requests: Requests
    ) throws -> JSON {
        switch command["do"]?.stringValue {
        case "create":
            let count = command["count"]?.intValue ?? 0
            let source = command["source"]?.stringValue ?? ""
            for index in 0..<count { try api.create(ScaleEnvironment.deployment(index)) }
            api.completeWorkloads()
            for index in 0..<count {
                try api.create(
                    scaler(index, source, forecast: command["forecast"], budgets: command["budgets"]?.intValue))
            }
            for index in 0..<(command["budgets"]?.intValue ?? 0) { try api.create(ScaleEnvironment.budget(index)) }
            return [:]
        case "requests":
            let taken = requests.entries.withLock { entries in
                defer { entries = [] }
                return entries
            }
            return .array(taken.map(summary))
        case "relist":
            api.compact()
            api.cutWatches()
            return [:]
        case "get": return try api.get(command["path"]?.stringValue ?? "")
        case "post": return try api.create(command["object"] ?? [:])
        case "patch": return try api.patch(command["path"]?.stringValue ?? "", command["patch"] ?? [:])
        case "delete": return try api.delete(command["path"]?.stringValue ?? "")
        case "fault":
            guard let fault = ClusterFault(command) else { throw BenchError("the cluster knows no fault \(command)") }
            fault.begin(in: api)
            return [:]
        case "endFaults":
            api.removeFaults()
            return [:]
        case let other: throw BenchError("the cluster was told \(other ?? "nothing")")
        }
    }

    /// `[microseconds, verb, resource/subresource, name, status]`
    private static func summary(_ request: LoggedRequest) -> JSON {
        let info = request.info
        let resource = [info?.resource ?? request.path, info?.subresource].compactMap(\.self).joined(separator: "/")
        return [
            .integer(request.time), .string(info?.verb ?? request.method), .string(resource), .string(info?.name ?? ""),
            .integer(Int64(request.status)),
        ]
    }
}

/// The cluster's process, as seen by the benchmark.
final class Cluster {
    struct Request {
        let microseconds: Int64
        let verb: String
        let resource: String
        let name: String
        let status: Int
    }

    private let process: LineProcess

    init(kubeconfig: String) throws {
        process = try LineProcess(["/proc/self/exe", ClusterProcess.flag, kubeconfig])
        // Waits until the cluster listens.
        _ = try take()
    }

    /// Creates Deployments and their scalers.
    ///
    /// - Parameters:
    ///   - source: the URL of the Prometheus replacement, the address of a Redis server, or that of an external scaler
    ///     after ``ClusterProcess/externalScalerPrefix``.
    ///   - forecast: the `forecast` of each scaler's spec; nil for none.
    ///   - budgets: the number of ScalingBudgets, each over an equal part of the scalers.
    func create(_ count: Int, source: String, forecast: JSON? = nil, budgets: Int = 0) throws {
        var command: [String: JSON] = [
            "do": "create", "count": .integer(Int64(count)), "source": .string(source),
        ]
        command["forecast"] = forecast
        if budgets > 0 { command["budgets"] = .integer(Int64(budgets)) }
        _ = try ask(.object(command))
    }

    /// Returns the requests since the last call, in order.
    func take() throws -> [Request] {
        try ask(["do": "requests"]).arrayValue?.compactMap { entry in
            guard let fields = entry.arrayValue, fields.count == 5 else { return nil }
            return Request(
                microseconds: Int64(fields[0].intValue ?? 0), verb: fields[1].stringValue ?? "",
                resource: fields[2].stringValue ?? "", name: fields[3].stringValue ?? "",
                status: fields[4].intValue ?? 0)
        } ?? []
    }

    /// Breaks every watch and drops the versions from which they could resume.
    func forceRelist() throws { _ = try ask(["do": "relist"]) }

    // MARK: Objects

    func get(_ path: String) throws -> JSON { try ask(["do": "get", "path": .string(path)]) }

    func post(_ object: JSON) throws { _ = try ask(["do": "post", "object": object]) }

    func patch(_ path: String, _ patch: JSON) throws {
        _ = try ask(["do": "patch", "path": .string(path), "patch": patch])
    }

    func delete(_ path: String) throws { _ = try ask(["do": "delete", "path": .string(path)]) }

    // MARK: Faults

    /// Begins a fault, which replaces the current one.
    func begin(_ fault: ClusterFault) throws { _ = try ask(fault.command) }

    func endFaults() throws { _ = try ask(["do": "endFaults"]) }

    private func ask(_ command: JSON) throws -> JSON {
        try process.send("\(command)")
        return try JSON(parsing: Array(try process.receive().utf8))
    }
}

extension Logger {
    static let none = Logger(label: "none") { _ in SwiftLogNoOpLogHandler() }
}

enum WallClock {
    /// Returns the microseconds since 1970.
    static func microseconds() -> Int64 {
        Int64(Date.now.timeIntervalSince1970 * 1_000_000)
    }
}
