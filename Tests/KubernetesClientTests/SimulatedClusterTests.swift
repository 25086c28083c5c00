import ClusterSimulator
import FoundationEssentials
import HTTPTransport
import Logging
import ServiceLifecycle
import TestSupport
import Testing
import WireFormats

@testable import KubernetesClient

/// The same types over real HTTP, with a server as strict as the real one.
@Suite("The client with a simulated cluster", .timeLimit(.minutes(5)))
struct SimulatedClusterTests {
    private struct Running {
        let api: APIServer
        let clock: ManualClock
        let client: KubernetesClient
        let attempts: AsyncStream<KubernetesClient.Attempt>

        /// Waits for the end of the next attempt of that kind.
        func attempt(_ verb: String) async -> KubernetesClient.Attempt? {
            await attempts.first { $0.verb == verb }
        }

        func pause(_ duration: Duration) async throws {
            try await clock.sleeper(dueIn: duration)
            clock.advance(by: duration)
        }
    }

    /// Runs a simulator, and a client with its kubeconfig and the test's clock.
    private func withCluster(_ body: (Running) async throws -> Void) async throws {
        let clock = ManualClock()
        var configuration = APIServer.Configuration(
            now: clock.wallMicroseconds, makeUID: { UUID().uuidString.lowercased() })
        configuration.token = "admintoken"
        let simulator = ClusterSimulator(configuration: .init(api: configuration), clock: clock, logger: .silent)
        let services = ServiceGroup(services: [simulator], logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            let kubeconfig = try await simulator.kubeconfig(namespace: "shop")
            let http = CurlHTTPClient()
            let (attempts, observe) = AsyncStream<KubernetesClient.Attempt>.makeStream()
            let client = KubernetesClient(
                configuration: try ClusterConfiguration.kubeconfig(
                    path: "/config", context: nil, environment: [:], files: .memory(["/config": kubeconfig])),
                http: http, time: clock.time, random: { 0.5 }, logger: .silent,
                observe: { observe.yield($0) })
            #expect(client.configuration.defaultNamespace == "shop")
            try simulator.api.create(["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "shop"]])
            let result = await Result {
                try await body(Running(api: simulator.api, clock: clock, client: client, attempts: attempts))
            }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
            await http.shutdown()
            try result.get()
        }
    }

    private let configMap = ResourceKind(group: "", version: "v1", kind: "ConfigMap", plural: "configmaps")

    private func map(_ name: String, size: JSON) -> JSON {
        [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name), "namespace": "shop"],
            "data": ["size": size],
        ]
    }

    private func deployment(_ name: String) -> JSON {
        [
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": ["name": .string(name), "namespace": "shop"],
            "spec": [
                "replicas": 2, "selector": ["matchLabels": ["app": .string(name)]],
                "template": [
                    "metadata": ["labels": ["app": .string(name)]],
                    "spec": ["containers": [["name": "app", "image": "app"]]],
                ],
            ],
        ]
    }

    @Test("a deployment is discovered, read and scaled, and a stale scale request is a conflict")
    func scale() async throws {
        try await withCluster { cluster in
            try cluster.api.create(deployment("web"))
            let found = try await cluster.client.discover(apiVersion: "apps/v1", kind: "Deployment")
            #expect(found == DiscoveredResource(kind: .deployment, hasScale: true))
            let before = try await cluster.client.scale(of: found.kind, .web)
            #expect(before.replicas == 2)
            let after = try await cluster.client.patchScale(
                of: found.kind, .web, replicas: 5, resourceVersion: before.resourceVersion)
            #expect(after.replicas == 5)
            #expect(after.resourceVersion != before.resourceVersion)
            let stale = await Result {
                try await cluster.client.patchScale(
                    of: found.kind, .web, replicas: 3, resourceVersion: before.resourceVersion)
            }
            #expect((stale.failure as? KubernetesError)?.kind == .conflict)
            let gone = await Result {
                try await cluster.client.scale(of: found.kind, ObjectKey(namespace: "shop", name: "no"))
            }
            #expect((gone.failure as? KubernetesError)?.kind == .notFound)
            let unknown = await Result { try await cluster.client.discover(apiVersion: "no.io/v1", kind: "X") }
            #expect((unknown.failure as? KubernetesError)?.kind == .notFound)
        }
    }

    @Test("a lease is created once, renewed, and lost to the faster replica")
    func lease() async throws {
        try await withCluster { cluster in
            let mine = Lease(
                key: ObjectKey(namespace: "shop", name: "leader"), holder: "one", durationSeconds: 15,
                acquired: cluster.clock.wallMicroseconds(), renewed: cluster.clock.wallMicroseconds(), transitions: 0)
            let created = try await cluster.client.createLease(mine, deadline: .seconds(5))
            let second = await Result { try await cluster.client.createLease(mine, deadline: .seconds(5)) }
            #expect((second.failure as? KubernetesError)?.kind == .alreadyExists)
            var renewed = created
            renewed.renewed = cluster.clock.wallMicroseconds() + 10_000_000
            #expect(try await cluster.client.updateLease(renewed, deadline: .seconds(5)).renewed == renewed.renewed)
            let late = await Result { try await cluster.client.updateLease(created, deadline: .seconds(5)) }
            #expect((late.failure as? KubernetesError)?.kind == .conflict)
            #expect(try await cluster.client.lease(mine.key, deadline: .seconds(5)).renewed == renewed.renewed)
        }
    }

    @Test("a list is read in pages, and a busy server's delay is respected")
    func pages() async throws {
        try await withCluster { cluster in
            for name in ["a", "b", "c"] { try cluster.api.create(map(name, size: "1")) }
            cluster.api.addFault(
                FaultRule(
                    FaultRule.tooManyRequests(retryAfterSeconds: 2), verbs: ["list"], resource: "configmaps", times: 1))
            async let names = list(cluster.client)
            try await cluster.pause(.seconds(2))
            #expect(try await names == [["a", "b"], ["c"]])
        }
    }

    private func list(_ client: KubernetesClient) async throws -> [[String]] {
        var pages: [[String]] = []
        try await client.eachPage(of: configMap, in: "shop", limit: 2) { items in
            pages.append(items.compactMap { $0["metadata"]?["name"]?.stringValue })
        }
        return pages
    }

    @Test("an informer continues after broken connections and expired resource versions")
    func informer() async throws {
        try await withCluster { cluster in
            try cluster.api.create(map("a", size: "1"))
            try cluster.api.create(map("b", size: "2"))
            let (told, tell) = AsyncStream<String>.makeStream()
            let informer = Informer(
                client: cluster.client, kind: configMap, scope: .namespaces(["shop"]), logger: .silent,
                decode: decodeDataSize, handle: { tell.yield($0.summary) })
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await informer.run() }
                var events = told.makeAsyncIterator()
                #expect(await [events.next(), events.next(), events.next()] == ["added a 1", "added b 2", "synced"])
                #expect(await cluster.attempt("watch")?.status == 200)
                try cluster.api.patch("/api/v1/namespaces/shop/configmaps/a", ["data": ["size": "3"]])
                try cluster.api.patch("/api/v1/namespaces/shop/configmaps/b", ["data": ["size": "many"]])
                #expect(await [events.next(), events.next()] == ["updated a 1 -> 3", "malformed b"])

                cluster.api.cutWatches()
                try await cluster.clock.sleeper(dueIn: .milliseconds(600))
                try cluster.api.create(map("c", size: "4"))
                cluster.clock.advance(by: .milliseconds(600))
                #expect(await events.next() == "added c 4")

                cluster.api.cutWatches()
                try await cluster.clock.sleeper(dueIn: .milliseconds(600))
                try cluster.api.delete("/api/v1/namespaces/shop/configmaps/a")
                try cluster.api.create(map("d", size: "5"))
                cluster.api.compact()
                cluster.clock.advance(by: .milliseconds(600))
                try await cluster.pause(.milliseconds(600))
                #expect(await [events.next(), events.next()] == ["added d 5", "deleted a 3"])
                #expect(informer.objects.sorted() == [4, 5])
                group.cancelAll()
            }
        }
    }

    @Test("events are accepted by the cluster and their count is increased")
    func events() async throws {
        try await withCluster { cluster in
            let recorder = EventRecorder(
                client: cluster.client, controller: "generalscaler.example.com/operator", instance: "op-1",
                logger: .silent)
            let event = ObjectEvent(
                regarding: ObjectReference(apiVersion: "apps/v1", kind: "Deployment", key: .web),
                severity: .warning, reason: "Held", action: "Scale", note: String(repeating: "ü", count: 2_000))
            await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await recorder.run() }
                recorder.record(event)
                recorder.record(event)
                #expect(await cluster.attempt("create")?.status == 201)
                #expect(await cluster.attempt("patch")?.status == 200)
                group.cancelAll()
            }
            let stored = try cluster.api.get("/apis/events.k8s.io/v1/namespaces/shop/events")["items"]
            #expect(stored?[0]?["series"]?["count"] == 2)
            #expect(stored?[0]?["note"]?.stringValue?.utf8.count ?? 0 <= 1_024)
            #expect(stored?[1] == nil)
            #expect(recorder.droppedCount == 0)
        }
    }

    @Test("a wrong token is reported as unauthorized")
    func wrongToken() async throws {
        try await withCluster { cluster in
            var configuration = cluster.client.configuration
            configuration.credentials = .token(SecretString("wrong"))
            let http = CurlHTTPClient()
            let client = KubernetesClient(
                configuration: configuration, http: http, time: cluster.clock.time,
                random: { 0.5 }, logger: .silent)
            let result = await Result { try await client.get(configMap, .web) }
            #expect((result.failure as? KubernetesError)?.kind == .unauthorized)
            await http.shutdown()
        }
    }
}

@Sendable private func decodeDataSize(_ json: JSON) throws -> Int {
    let size = try JSONReader(json).required("data").required("size")
    guard let value = Int(try size.string()) else { throw size.error("must be a whole number") }
    return value
}
