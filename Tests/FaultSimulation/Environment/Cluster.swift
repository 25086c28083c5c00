import ClusterSimulator
import FoundationEssentials
import WireFormats
import YAMLFormat

/// The API server with the objects that every environment has.
struct Cluster {
    static let namespace = "shop"
    static let pause = "generalscaler-pause"
    static let lease = "generalscaler"

    private static let definition = definition("deploy/crd.yaml")
    private static let budgetDefinition = definition("deploy/budget-crd.yaml")

    private static func definition(_ file: String) -> Result<JSON, any Error> {
        Result { try read(file) }
    }

    private static func read(_ file: String) throws -> JSON {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let text = try Data(contentsOf: root.appending(path: file))
        return try YAMLDocument.parse(String(decoding: text, as: UTF8.self))
    }

    let api: APIServer

    init(_ timeline: Timeline) throws {
        let numbers = Numbers()
        var configuration = APIServer.Configuration(
            now: { SimulatedClock.epoch + timeline.now }, makeUID: { "uid-\(numbers.next())" })
        configuration.workloadStartupDelay = .seconds(3)
        api = APIServer(configuration: configuration)
        try api.create(try Self.definition.get())
        try api.create(["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(Self.namespace)]])
        try api.create([
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": ["name": .string(Self.pause), "namespace": .string(Self.namespace)],
            "data": ["paused": "false"],
        ])
    }

    func createBudgetDefinition() throws { try api.create(try Self.budgetDefinition.get()) }

    func create(budget plan: BudgetPlan) throws {
        try api.create([
            "apiVersion": "autoscaling.example.com/v1", "kind": "ScalingBudget",
            "metadata": ["name": .string(plan.name)], "spec": plan.json.withoutNulls,
        ])
    }

    /// - Returns: the object as it was stored.
    func create(scaler: String, _ plan: ScalerPlan) throws -> JSON {
        try api.create([
            "apiVersion": "autoscaling.example.com/v1", "kind": "GeneralScaler",
            "metadata": [
                "name": .string(scaler), "namespace": .string(Self.namespace),
                "labels": [BudgetPlan.label: .string(scaler)],
            ],
            "spec": plan.json.withoutNulls,
        ])
    }

    func create(deployment: String, replicas: Int) {
        _ = try? api.create([
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": ["name": .string(deployment), "namespace": .string(Self.namespace)],
            "spec": [
                "replicas": .integer(Int64(replicas)),
                "selector": ["matchLabels": ["app": .string(deployment)]],
                "template": [
                    "metadata": ["labels": ["app": .string(deployment)]],
                    "spec": ["containers": [["name": "app", "image": "app"]]],
                ],
            ],
        ])
    }

    func scaler(_ name: String) -> JSON? { try? api.get(Self.path(scaler: name)) }

    func budget(_ name: String) -> JSON? { try? api.get(Self.path(budget: name)) }

    func replicas(of deployment: String) -> Int? {
        (try? api.get(Self.path(deployment: deployment)))?["spec"]?["replicas"]?.intValue
    }

    /// The holder of the lease; nil if there is none.
    var leader: String? {
        let lease = try? api.get("/apis/coordination.k8s.io/v1/namespaces/\(Self.namespace)/leases/\(Self.lease)")
        let holder = lease?["spec"]?["holderIdentity"]?.stringValue
        return holder?.isEmpty == true ? nil : holder
    }

    static func path(scaler: String) -> String {
        "/apis/autoscaling.example.com/v1/namespaces/\(namespace)/generalscalers/\(scaler)"
    }

    static func path(budget: String) -> String { "/apis/autoscaling.example.com/v1/scalingbudgets/\(budget)" }

    static func path(deployment: String) -> String { "/apis/apps/v1/namespaces/\(namespace)/deployments/\(deployment)" }
    static let pausePath = "/api/v1/namespaces/\(namespace)/configmaps/\(pause)"
}

/// A counter. Used under the API server's lock, on the only thread.
private final class Numbers: @unchecked Sendable {
    private var last = 0

    func next() -> Int {
        last += 1
        return last
    }
}
