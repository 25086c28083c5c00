import ClusterSimulator
import Foundation
import HTTPTransport
import KubernetesClient
import ServiceLifecycle
import SystemIO
import TestSupport
import Testing
import WireFormats
import YAMLFormat

/// A cluster with a namespace for the test: the one in `GENERALSCALER_TEST_KUBECONFIG`, or a simulated one for the
/// duration of the test.
struct TestCluster: Sendable {
    let kubeconfig: String
    /// The kubeconfig of the operator with exactly its permissions, see ``OperatorRights``.
    private(set) var operatorKubeconfig = ""
    let namespace: String
    let client: KubernetesClient
    /// The test's temporary directory.
    let directory: URL

    /// Whether the cluster is simulated, so that its API server reaches servers on this machine.
    static var isSimulated: Bool { ProcessInfo.processInfo.environment[realKubeconfig] == nil }
    private static let realKubeconfig = "GENERALSCALER_TEST_KUBECONFIG"

    static func run(_ body: @escaping @Sendable (TestCluster) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "integration-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: directory) }
        if let real = ProcessInfo.processInfo.environment[realKubeconfig] {
            return try await run(kubeconfig: real, directory, body)
        }
        let kubeconfig = directory.appending(path: "kubeconfig").path
        try await RunningProcess.run(
            "generalscaler-dev",
            [
                "cluster", "--listen", "127.0.0.1:0", "--kubeconfig-out", kubeconfig, "--startup-delay", "0",
            ]
        ) { process in
            try await process.outputLine { $0.hasPrefix("listening on") }
            try await run(kubeconfig: kubeconfig, directory, body)
        }
    }

    /// Runs the body with a simulated cluster in this process, whose Deployments have pod objects.
    static func runSimulated(
        _ body: @escaping @Sendable (TestCluster, APIServer) async throws -> Void
    ) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "integration-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: directory) }
        var configuration = APIServer.Configuration(
            now: { Int64(Date().timeIntervalSince1970 * 1_000_000) }, makeUID: { UUID().uuidString.lowercased() })
        configuration.token = "administrator"
        configuration.workloadStartupDelay = .zero
        configuration.createsPods = true
        let simulator = ClusterSimulator(configuration: .init(api: configuration), logger: .silent)
        let services = ServiceGroup(services: [simulator], logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            let result: Result<Void, any Error>
            do {
                let kubeconfig = directory.appending(path: "kubeconfig").path
                try await Data(simulator.kubeconfig().utf8).write(to: URL(filePath: kubeconfig))
                let api = simulator.api
                result = .success(
                    try await run(kubeconfig: kubeconfig, directory) { cluster in try await body(cluster, api) })
            } catch {
                result = .failure(error)
            }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
            try result.get()
        }
    }

    private static func run(
        kubeconfig: String, _ directory: URL, _ body: (TestCluster) async throws -> Void
    ) async throws {
        let http = CurlHTTPClient()
        var cluster = TestCluster(
            kubeconfig: kubeconfig,
            namespace: "generalscaler-test-\(UUID().uuidString.prefix(8).lowercased())",
            client: KubernetesClient(
                configuration: try .kubeconfig(path: kubeconfig, context: nil, environment: [:]),
                http: http, time: .system, random: { .random(in: 0..<1) },
                logger: .silent),
            directory: directory)
        let result: Result<Void, any Error>
        do {
            try await cluster.installDefinition()
            _ = try await cluster.client.create(
                .namespace, in: "",
                ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(cluster.namespace)]])
            cluster.operatorKubeconfig = try await OperatorRights.grant(on: cluster)
            result = .success(try await body(cluster))
        } catch {
            result = .failure(error)
        }
        await OperatorRights.revoke(on: cluster)
        try? await cluster.client.delete(.namespace, ObjectKey(namespace: "", name: cluster.namespace))
        await http.shutdown()
        try result.get()
    }

    /// Installs `deploy/crd.yaml`, or updates the existing definition, and waits until it is served.
    private func installDefinition() async throws {
        let definition = try YAMLDocument.parse(String(contentsOf: Self.file("deploy/crd.yaml"), encoding: .utf8))
        let key = ObjectKey(namespace: "", name: "generalscalers.autoscaling.example.com")
        do throws(KubernetesError) {
            _ = try await client.create(.definition, in: "", definition)
        } catch {
            guard error.kind == .alreadyExists else { throw error }
            _ = try await client.mergePatch(.definition, key, definition)
        }
        try await wait(for: .definition, key) { definition in
            definition["status"]?["conditions"]?.arrayValue?.contains {
                $0["type"] == "Established" && $0["status"] == "True"
            } == true
        }
    }

    static func file(_ path: String) -> URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appending(path: path)
    }

    // MARK: Objects

    func key(_ name: String) -> ObjectKey { ObjectKey(namespace: namespace, name: name) }

    /// - Parameter spec: merged over the spec of a scaler of the Deployment `name` with a constant Prometheus metric
    ///   that is polled every second.
    func createScaler(
        _ name: String, query: String = "vector(12)", _ spec: JSON = [:], metadata: JSON = [:]
    ) async throws {
        let base: [String: JSON] = [
            "targetDeployment": .string(name), "minReplicas": 2, "maxReplicas": 10, "pollingIntervalSeconds": 1,
            "metrics": [
                [
                    "type": "prometheus", "config": ["query": .string(query)], "targetValue": 2,
                    "targetType": "AverageValue",
                ]
            ],
        ]
        let merged = base.merging(spec.objectValue ?? [:]) { $1 }.filter { !$0.value.isNull }
        var metadata = metadata.objectValue ?? [:]
        metadata["name"] = .string(name)
        _ = try await client.create(
            .scaler, in: namespace,
            [
                "apiVersion": "autoscaling.example.com/v1", "kind": "GeneralScaler", "metadata": .object(metadata),
                "spec": .object(merged),
            ])
    }

    func createWorkload(_ name: String, kind: ResourceKind = .deployment, replicas: Int = 2) async throws {
        var spec: [String: JSON] = [
            "replicas": .integer(Int64(replicas)), "selector": ["matchLabels": ["app": .string(name)]],
            "template": [
                "metadata": ["labels": ["app": .string(name)]],
                "spec": ["containers": [["name": "app", "image": "registry.k8s.io/pause:3.10"]]],
            ],
        ]
        if kind == .statefulSet { spec["serviceName"] = .string(name) }
        _ = try await client.create(
            kind, in: namespace,
            [
                "apiVersion": .string(kind.apiVersion), "kind": .string(kind.kind),
                "metadata": ["name": .string(name)], "spec": .object(spec),
            ])
    }

    func replicas(of name: String, kind: ResourceKind = .deployment) async throws -> Int {
        try await client.scale(of: kind, key(name)).replicas
    }

    func status(of scaler: String) async throws -> JSON {
        try await client.get(.scaler, key(scaler))["status"] ?? .null
    }

    // MARK: Waiting

    /// Waits until the object satisfies the predicate, and returns it.
    @discardableResult
    func wait(
        for kind: ResourceKind, _ key: ObjectKey, until predicate: (JSON) -> Bool
    ) async throws -> JSON {
        let fields = Selection(fields: "metadata.name=\(key.name)")
        return try await wait(for: kind, in: key.namespace, fields, until: predicate)
    }

    /// Waits until the scaler's condition has that status and reason, and returns it.
    @discardableResult
    func condition(_ type: String, _ status: String, _ reason: String, of scaler: String) async throws -> JSON {
        func find(_ object: JSON) -> JSON? {
            object["status"]?["conditions"]?.arrayValue?.first {
                $0["type"]?.stringValue == type && $0["status"]?.stringValue == status
                    && $0["reason"]?.stringValue == reason
            }
        }
        let object = try await wait(for: .scaler, key(scaler)) { find($0) != nil }
        return find(object) ?? .null
    }

    /// Returns a past or future event with that reason about the scaler.
    @discardableResult
    func event(_ reason: String, of scaler: String) async throws -> JSON {
        try await wait(for: .event, in: namespace, Selection()) {
            $0["reason"]?.stringValue == reason && $0["regarding"]?["name"]?.stringValue == scaler
        }
    }

    /// Returns the first existing or future object that satisfies the predicate.
    private func wait(
        for kind: ResourceKind, in namespace: String, _ selection: Selection,
        until predicate: (JSON) -> Bool
    ) async throws -> JSON {
        while true {
            let page = try await client.list(kind, in: namespace, selection, item: \.known)
            if let object = page.items.first(where: predicate) { return object }
            var stream = try await client.watch(
                kind, in: namespace, selection, resourceVersion: page.resourceVersion, timeoutSeconds: 60)
            defer { stream.cancel() }
            while let event = try await stream.next() {
                switch event {
                case .added(let object), .modified(let object):
                    if predicate(object.known) { return object.known }
                case .deleted, .bookmark: continue
                case .error(let error): throw error
                }
            }
        }
    }
}

extension ResourceKind {
    static let scaler = ResourceKind(
        group: "autoscaling.example.com", version: "v1", kind: "GeneralScaler", plural: "generalscalers")
    static let deployment = ResourceKind(group: "apps", version: "v1", kind: "Deployment", plural: "deployments")
    static let statefulSet = ResourceKind(group: "apps", version: "v1", kind: "StatefulSet", plural: "statefulsets")
    static let namespace = ResourceKind(
        group: "", version: "v1", kind: "Namespace", plural: "namespaces", isNamespaced: false)
    static let definition = ResourceKind(
        group: "apiextensions.k8s.io", version: "v1", kind: "CustomResourceDefinition",
        plural: "customresourcedefinitions", isNamespaced: false)
}

extension ReadObject {
    /// The object, or the known part of an oversized one.
    fileprivate var known: JSON {
        switch self {
        case .whole(let json): json
        case .oversized(let oversized): oversized.partial
        }
    }
}
