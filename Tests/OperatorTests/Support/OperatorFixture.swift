import ClusterSimulator
import FoundationEssentials
import KubernetesClient
import PluginProtocol
import Scaling
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing
import WireFormats
import YAMLFormat

@testable import Operator
@testable import ScalerAPI

/// The operator as composed by `run`, with a simulated API server in the same process and a manual clock.
struct OperatorFixture: Sendable {
    static let namespace = "shop"

    let clock: ManualClock
    let api: APIServer
    let source: ScriptedSource
    let log: CapturedLog
    let audit = AuditLines()
    let runtime: OperatorRuntime
    private let apiPorts = AsyncStream<Int>.makeStream()
    private let transport: InMemoryTransport
    /// The origin of the operator's due times.
    private let start: Duration

    /// Runs an operator during the body with an API server that outlives it, so that a second call is a restart.
    static func run(
        _ environment: TestEnvironment, source: (any MetricSource)? = nil, pause: ObjectKey? = nil,
        allowsUnlabelledSecrets: Bool = false, credentials: CredentialSource = .none, log: CapturedLog = CapturedLog(),
        api: APIConfiguration? = nil, _ body: (OperatorFixture) async throws -> Void
    ) async throws {
        let fixture = OperatorFixture(environment, source, pause, allowsUnlabelledSecrets, credentials, log, api)
        let services = ServiceGroup(services: fixture.runtime.services, logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            let result: Result<Void, any Error>
            do { result = .success(try await body(fixture)) } catch { result = .failure(error) }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
            try result.get()
        }
    }

    private init(
        _ environment: TestEnvironment, _ otherSource: (any MetricSource)?, _ pause: ObjectKey?,
        _ allowsUnlabelledSecrets: Bool, _ credentials: CredentialSource,
        _ log: CapturedLog, _ apiConfiguration: APIConfiguration?
    ) {
        clock = environment.clock
        start = environment.clock.now.offset
        api = environment.api
        source = environment.source
        self.log = log
        transport = InMemoryTransport(api: environment.api, clock: environment.clock, userAgent: "operator-1")
        runtime = OperatorRuntime(
            OperatorConfiguration(
                cluster: ClusterConfiguration(
                    server: "http://simulated", credentials: credentials, defaultNamespace: Self.namespace),
                pauseConfigMap: pause, allowsUnlabelledSecrets: allowsUnlabelledSecrets, listen: nil,
                identity: "operator-1", api: apiConfiguration),
            source: otherSource ?? source,
            http: transport,
            time: environment.clock.time,
            random: { 0.5 },
            logger: log.logger,
            audit: { [audit] in audit.add($0) },
            onAPIBound: { [apiPorts] in apiPorts.continuation.yield($0) }
        )
    }

    /// The port of the API, once it is bound. Read it once.
    var apiPort: Int? { get async { await apiPorts.stream.first { _ in true } } }

    // MARK: Time

    /// Waits until that many polls have finished since the operator's start.
    func polls(_ count: Int) async {
        await log.wait(count, message: "poll finished")
    }

    private var finishedPolls: Int { log.count(message: "poll finished") }

    /// Advances the time to the operator's next poll and waits for its end. The time does not advance while anything is
    /// in progress.
    func poll(_ count: Int = 1) async throws {
        for _ in 0..<count {
            let finished = finishedPolls
            while finishedPolls == finished {
                try Task.checkCancellation()
                // Checked again last, because the poll may have finished during the other checks.
                if let wait = await waitForPoll, transport.isQuiet, await runtime.controller.isQuiet,
                    clock.hasSleeper(dueIn: wait), finishedPolls == finished
                {
                    clock.advance(by: wait)
                    api.advance()
                }
                await Task.yield()
            }
        }
    }

    /// How long the operator sleeps until its next poll; nil if there is none, or one is due.
    private var waitForPoll: Duration? {
        get async {
            guard let due = await runtime.controller.nextDue else { return nil }
            let wait = due - (clock.now.offset - start)
            return wait > .zero ? wait : nil
        }
    }

    /// Seconds since the start of the test.
    var seconds: Int { Int(clock.now.offset.components.seconds) }

    // MARK: Objects

    @discardableResult
    func create(_ scaler: JSON) throws -> JSON { try api.create(scaler) }

    func edit(_ name: String = "web", _ spec: JSON) throws {
        try api.patch(Self.path(name), ["spec": spec])
    }

    func status(_ name: String = "web") throws -> JSON { try api.get(Self.path(name))["status"] ?? .null }

    func condition(_ type: String, of name: String = "web") throws -> JSON? {
        try status(name)["conditions"]?.arrayValue?.first { $0["type"]?.stringValue == type }
    }

    func replicas(of deployment: String = "web") throws -> Int? {
        try api.get("/apis/apps/v1/namespaces/\(Self.namespace)/deployments/\(deployment)")["spec"]?["replicas"]?
            .intValue
    }

    /// Returns the first past or future event with that reason.
    func event(_ reason: String) async throws -> JSON {
        let path = "/apis/events.k8s.io/v1/namespaces/\(Self.namespace)/events?watch=true"
        guard case .watch(let watch) = api.handle(APIRequest("GET", path)).body else {
            throw Unexpected("events cannot be watched")
        }
        defer { watch.end(.complete) }
        while !Task.isCancelled {
            let (frames, ending) = await watch.next()
            for frame in frames {
                let event = try JSON(parsing: frame)["object"] ?? .null
                if event["reason"]?.stringValue == reason { return event }
            }
            if ending != nil { break }
        }
        throw Unexpected("no event \(reason) came")
    }

    /// Returns whether the operator has an open watch of the resource.
    func watches(_ plural: String) -> Bool { transport.watchedURLs.contains { $0.contains("/\(plural)?") } }

    /// Waits until the condition holds, without advancing the time.
    func wait(until condition: () async throws -> Bool) async throws {
        while try await !condition() {
            try Task.checkCancellation()
            await Task.yield()
        }
    }

    /// Patches of the scale subresource that the API server accepted, oldest first.
    var scalePatches: [LoggedRequest] {
        api.requests.filter { $0.info?.subresource == "scale" && $0.method == "PATCH" && $0.status < 300 }
    }

    /// Writes to the API server: all requests except reads.
    var writes: [LoggedRequest] { api.requests.filter { $0.method != "GET" } }

    private static func path(_ name: String) -> String {
        "/apis/autoscaling.example.com/v1/namespaces/\(namespace)/generalscalers/\(name)"
    }

    struct Unexpected: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }
}

/// The state that outlives an operator: time, the cluster, and the metric sources.
struct TestEnvironment: Sendable {
    let clock = ManualClock()
    let api: APIServer
    let source: ScriptedSource

    /// Creates a cluster with the resource's definition and the namespace.
    init(targetType: TargetType = .value) throws {
        let uids = Mutex(0)
        var configuration = APIServer.Configuration(
            now: clock.wallMicroseconds,
            makeUID: {
                let number = uids.withLock { number in
                    number += 1
                    return number
                }
                return "uid-\(number)"
            })
        configuration.workloadStartupDelay = .zero
        api = APIServer(configuration: configuration)
        source = ScriptedSource(targetType: targetType, now: clock.wallMicroseconds)
        try api.create(Self.definition)
        try api.create([
            "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(OperatorFixture.namespace)],
        ])
    }

    static var definition: JSON {
        get throws {
            let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().deletingLastPathComponent()
            let text = try Data(contentsOf: root.appending(path: "deploy/crd.yaml"))
            return try YAMLDocument.parse(String(decoding: text, as: UTF8.self))
        }
    }

    /// Creates a Deployment whose pods are ready immediately.
    func deploy(_ name: String = "web", replicas: Int) throws {
        try api.create([
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": ["name": .string(name), "namespace": .string(OperatorFixture.namespace)],
            "spec": [
                "replicas": .integer(Int64(replicas)),
                "selector": ["matchLabels": ["app": .string(name)]],
                "template": [
                    "metadata": ["labels": ["app": .string(name)]],
                    "spec": ["containers": [["name": "app", "image": "app"]]],
                ],
            ],
        ])
        api.completeWorkloads()
    }

    /// Returns a scaler of the Deployment with the same name, with the metric type `test`.
    static func scaler(_ name: String = "web", target: String? = nil, _ spec: JSON = [:]) -> JSON {
        let base: [String: JSON] = [
            "targetDeployment": .string(target ?? name), "minReplicas": 2, "maxReplicas": 10,
            "metrics": [["type": "test", "targetValue": 100]],
        ]
        return [
            "apiVersion": "autoscaling.example.com/v1", "kind": "GeneralScaler",
            "metadata": ["name": .string(name), "namespace": .string(OperatorFixture.namespace)],
            "spec": .object(base.merging(spec.objectValue ?? [:]) { $1 }.filter { !$0.value.isNull }),
        ]
    }
}

/// The lines of the audit log.
final class AuditLines: Sendable {
    private let lines = Mutex<[JSON]>([])

    func add(_ line: [UInt8]) {
        lines.withLock { $0.append((try? JSON(parsing: line)) ?? .string("not JSON")) }
    }

    var all: [JSON] { lines.withLock(\.self) }
}
