import FoundationEssentials
import Hummingbird
import KubernetesClient
import Logging
import Scaling
import ServiceLifecycle
import Synchronization
import SystemIO
import WireFormats

/// Simulated replicas of vLLM and the gateway before them, which serve their metrics to Prometheus.
final class InferenceFleet: Service {
    private struct Member {
        let variant: InferenceVariant
        var queue: InferenceQueue
        var replicas: Int
        var ready = 0
    }

    private static let tick: Duration = .milliseconds(100)
    /// The share of the demo in which the trace is played, so that replicas are also removed.
    private static let share = 0.6
    static let namespace = "inference"

    private let clock: DemoClock
    private let trace: InferenceTrace
    private let targetsFile: String
    private let logger: Logger
    private let members: Mutex<[Member]>
    private let mostGPUs = Mutex(0)
    private let port = AsyncPromise<Int>()

    init(clock: DemoClock, trace: InferenceTrace, targetsFile: String, logger: Logger) {
        self.clock = clock
        self.trace = trace
        self.targetsFile = targetsFile
        self.logger = logger
        members = Mutex(
            InferenceVariant.all.map { Member(variant: $0, queue: InferenceQueue(slots: $0.slots), replicas: 1) })
    }

    /// The most GPUs that the Deployments had at once.
    var peakGPUs: Int { mostGPUs.withLock(\.self) }

    /// Returns what is displayed of a model.
    func column(_ variant: InferenceVariant) -> DemoColumn {
        DemoColumn(
            name: variant.name, scaler: ObjectKey(namespace: Self.namespace, name: variant.name),
            minReplicas: variant.minReplicas, maxReplicas: variant.maxReplicas, unit: "requests",
            amount: { self.queue(of: variant).map { Int($0.waiting + $0.running + $0.queued) } ?? 0 },
            summary: { Int(self.queue(of: variant)?.arrived ?? 0).counted("request") })
    }

    private func queue(of variant: InferenceVariant) -> InferenceQueue? {
        members.withLock { $0.first { $0.variant.name == variant.name }?.queue }
    }

    /// Watches the Deployments.
    func informer(_ client: KubernetesClient) -> Informer<[Int]> {
        Informer(
            client: client, kind: .demoDeployment, scope: .namespaces([Self.namespace]),
            reader: ObjectReader(ObjectFields(["spec": ["replicas"], "status": ["readyReplicas"]])), logger: logger,
            decode: { [$0["spec"]?["replicas"]?.intValue ?? 1, $0["status"]?["readyReplicas"]?.intValue ?? 0] },
            handle: { [weak self] event in
                switch event {
                case .added(let key, let counts), .updated(let key, _, let counts): self?.take(key.name, counts)
                case .deleted, .malformed, .synced: break
                }
            })
    }

    private func take(_ name: String, _ counts: [Int]) {
        let gpus = members.withLock { members in
            for index in members.indices where members[index].variant.name == name {
                members[index].replicas = counts[0]
                members[index].ready = min(counts[0], counts[1])
            }
            return members.reduce(0) { $0 + $1.replicas * $1.variant.gpus }
        }
        mostGPUs.withLock { $0 = max($0, gpus) }
    }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.serve() }
            group.addTask {
                await cancelWhenGracefulShutdown {
                    guard let port = try? await self.port.value else { return }
                    await self.simulate(port)
                }
            }
            try await group.waitForAll()
        }
    }

    private func simulate(_ port: Int) async {
        var last = ContinuousClock.now
        var listed: [Int] = []
        while (try? await Task.sleep(for: Self.tick)) != nil {
            let now = ContinuousClock.now
            let seconds = last.duration(to: now) / .seconds(1)
            last = now
            let share = clock.time / (clock.plan.seconds * Self.share)
            let ready = members.withLock { members in
                for index in members.indices {
                    let variant = members[index].variant
                    let state = trace.state(at: share - variant.delay)
                    members[index].queue.advance(
                        by: seconds, rate: variant.peakRate * state.height, length: state.length,
                        ready: members[index].ready)
                }
                return members.map(\.ready)
            }
            if ready != listed { list(ready, port) }
            listed = ready
        }
    }

    // MARK: Metrics

    /// Writes the targets of Prometheus: each ready replica, with the labels that its discovery would give it, and the
    /// gateway.
    private func list(_ ready: [Int], _ port: Int) {
        var targets: [JSON] = [Self.target(port, "/gateway/metrics")]
        for (variant, count) in zip(InferenceVariant.all, ready) {
            for number in 0..<count {
                targets.append(
                    Self.target(
                        port, "/replicas/\(variant.name)/metrics",
                        [
                            "namespace": .string(Self.namespace), "app": .string(variant.name),
                            "pod": "\(variant.name)-\(number)",
                        ]))
            }
        }
        try? Data(JSON.array(targets).encoded()).write(to: URL(filePath: targetsFile), options: .atomic)
    }

    private static func target(_ port: Int, _ path: String, _ labels: [String: JSON] = [:]) -> JSON {
        [
            "targets": [.string("127.0.0.1:\(port)")],
            "labels": .object(labels.merging(["__metrics_path__": .string(path)]) { $1 }),
        ]
    }

    private func serve() async throws {
        let router = Router()
        router.get("replicas/:name/metrics") { [weak self] _, context in
            Self.answer(self?.replicaMetrics(context.parameters.get("name") ?? "") ?? "")
        }
        router.get("gateway/metrics") { [weak self] _, _ in Self.answer(self?.gatewayMetrics ?? "") }
        var logger = logger
        logger.logLevel = .critical
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { [port] channel in port.fulfill(.success(channel.localAddress?.port ?? 0)) },
            logger: logger)
        try await application.runService(gracefulShutdownSignals: [])
    }

    /// The metrics of one replica, with the names of vLLM. The requests are spread evenly.
    private func replicaMetrics(_ name: String) -> String {
        guard let member = members.withLock({ $0.first { $0.variant.name == name } }), member.ready > 0 else {
            return ""
        }
        let replicas = Double(member.ready)
        let label = "{model_name=\"\(name)\"}"
        return """
            # TYPE vllm:num_requests_waiting gauge
            vllm:num_requests_waiting\(label) \(member.queue.waiting / replicas)
            # TYPE vllm:num_requests_running gauge
            vllm:num_requests_running\(label) \(member.queue.running / replicas)
            # TYPE vllm:kv_cache_usage_perc gauge
            vllm:kv_cache_usage_perc\(label) \(member.queue.cache)
            # TYPE vllm:gpu_cache_usage_perc gauge
            vllm:gpu_cache_usage_perc\(label) \(member.queue.cache)

            """
    }

    private var gatewayMetrics: String {
        let queues = members.withLock { $0.map { ($0.variant.name, $0.queue.queued) } }
        let lines = queues.map { "inference_extension_flow_control_queue_size{inference_pool=\"\($0)\"} \($1)\n" }
        return "# TYPE inference_extension_flow_control_queue_size gauge\n" + lines.joined()
    }

    private static func answer(_ text: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
