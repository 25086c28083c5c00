import FoundationEssentials
import HTTPTransport
import KubernetesClient
import Logging
import Operator
import Scaling
import SystemIO
import WireFormats
import YAMLFormat

/// What the commands of this program create in their simulated cluster.
extension SimulatedAPI {
    static func client(
        _ cluster: ClusterConfiguration, http: any HTTPClient, logger: Logger
    ) -> KubernetesClient {
        KubernetesClient(
            configuration: cluster, http: http, time: .system, random: { .random(in: 0..<1) }, logger: logger
        )
    }

    /// Installs the CustomResourceDefinition, and creates the namespace of the apps.
    static func prepare(_ client: KubernetesClient) async throws {
        let definition = try YAMLDocument.parse(String(decoding: PackageResources.crd_yaml, as: UTF8.self))
        _ = try await client.create(.customResourceDefinition, in: "", definition)
        let namespace: JSON = [
            "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(DemoPlan.namespace)],
        ]
        _ = try await client.create(.namespace, in: "", namespace)
    }

    /// Creates the Deployment and the GeneralScaler of an app.
    static func deploy(_ app: DemoApp, _ client: KubernetesClient) async throws {
        _ = try await client.create(.demoDeployment, in: DemoPlan.namespace, app.deployment)
        _ = try await client.create(.demoScaler, in: DemoPlan.namespace, app.scaler)
    }
}

extension ResourceKind {
    static let customResourceDefinition = ResourceKind(
        group: "apiextensions.k8s.io", version: "v1", kind: "CustomResourceDefinition",
        plural: "customresourcedefinitions", isNamespaced: false
    )
    static let namespace = ResourceKind(
        group: "", version: "v1", kind: "Namespace", plural: "namespaces", isNamespaced: false
    )
    static let secret = ResourceKind(group: "", version: "v1", kind: "Secret", plural: "secrets")
    static let demoDeployment = ResourceKind(
        group: "apps", version: "v1", kind: "Deployment", plural: "deployments")
    static let demoScaler = ResourceKind(
        group: "autoscaling.example.com", version: "v1", kind: "GeneralScaler", plural: "generalscalers"
    )
}
