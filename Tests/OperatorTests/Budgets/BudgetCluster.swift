import ClusterSimulator
import FoundationEssentials
import KubernetesClient
import PluginProtocol
import Synchronization
import TestSupport
import WireFormats
import YAMLFormat

@testable import Operator
@testable import PluginHost
@testable import ScalerAPI

/// A cluster with the definition of ScalingBudgets, and scalers that follow a load which the test sets.
final class BudgetCluster: Sendable {
    let environment: TestEnvironment
    private let loads = Mutex<[String: Double]>([:])

    init() throws {
        environment = try TestEnvironment(targetType: .averageValue)
        try environment.api.create(try Self.documents("deploy/budget-crd.yaml")[0])
        environment.source.answer { [self] config throws(PluginFailure) in
            loads.withLock { $0[config["name"]?.stringValue ?? ""] } ?? 0
        }
    }

    static func documents(_ file: String) throws -> [JSON] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let text = String(decoding: try Data(contentsOf: root.appending(path: file)), as: UTF8.self)
        return try YAMLFile(parsing: text).documents.map(\.json)
    }

    /// Sets the replicas that the load of a scaler asks for.
    func want(_ replicas: Double, by name: String) { loads.withLock { $0[name] = 10 * replicas } }

    /// Creates a Deployment, and a scaler for it without cooldowns.
    func add(_ name: String, replicas: Int = 1, labels: [String: JSON], _ spec: [String: JSON] = [:]) throws {
        try environment.deploy(name, replicas: replicas)
        let base: [String: JSON] = [
            "minReplicas": 1, "maxReplicas": 40,
            "metrics": [["type": "test", "targetValue": 10, "config": ["name": .string(name)]]],
            "safety": [
                "scaleUpCooldownSeconds": 0, "scaleDownCooldownSeconds": 0,
                "scaleDownStabilizationSeconds": 0,
            ],
        ]
        var scaler = TestEnvironment.scaler(name, .object(base.merging(spec) { $1 })).objectValue ?? [:]
        var metadata = scaler["metadata"]?.objectValue ?? [:]
        metadata["labels"] = .object(labels)
        scaler["metadata"] = .object(metadata)
        try environment.api.create(.object(scaler))
    }

    /// Replaces the container of a Deployment.
    func setContainers(_ container: [String: JSON], of name: String) throws {
        let full = ["name": "app", "image": "app"].merging(container) { $1 }
        try environment.api.patch(
            "/apis/apps/v1/namespaces/shop/deployments/\(name)",
            ["spec": ["template": ["spec": ["containers": [.object(full)]]]]])
    }

    /// Creates the operator's account with the permissions in `deploy/operator.yaml`.
    ///
    /// - Returns: the token of the account.
    func grantChartRights() throws -> SecretString {
        let kinds = ["Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]
        var namespace = ""
        for object in try Self.documents("deploy/operator.yaml") where kinds.contains(object["kind"]?.stringValue ?? "")
        {
            if object["kind"] == "Namespace" { namespace = object["metadata"]?["name"]?.stringValue ?? "" }
            try environment.api.create(object)
        }
        let request: JSON = ["apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": [:]]
        let response = environment.api.handle(
            APIRequest(
                "POST", "/api/v1/namespaces/\(namespace)/serviceaccounts/generalscaler/token",
                headers: ["content-type": "application/json"], body: request.encoded()))
        guard case .bytes(let bytes) = response.body,
            let token = try JSON(parsing: bytes)["status"]?["token"]?.stringValue
        else { throw OperatorFixture.Unexpected("no token: \(response)") }
        return SecretString(token)
    }

    static let budgetPath = "/apis/autoscaling.example.com/v1/scalingbudgets/team-shop"

    func createBudget(_ spec: [String: JSON]) throws {
        let base: [String: JSON] = ["selector": ["matchLabels": ["team": "shop"]]]
        try environment.api.create([
            "apiVersion": "autoscaling.example.com/v1", "kind": "ScalingBudget", "metadata": ["name": "team-shop"],
            "spec": .object(base.merging(spec) { $1 }),
        ])
    }

    func budgetStatus() throws -> JSON { try environment.api.get(Self.budgetPath)["status"] ?? .null }
}
