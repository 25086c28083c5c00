import CommandSupport
import FoundationEssentials
import HTTPTransport
import KubernetesClient
import Logging
import Migration
import Operator
import Scaling
import SystemIO
import WireFormats

/// Reads the objects of a migration from a cluster. Never writes, and reads no Secret.
struct ClusterObjects {
    /// The namespace to read; nil for all.
    let namespace: String?

    private static let scaledObjects = ResourceKind(
        group: "keda.sh", version: "v1alpha1", kind: "ScaledObject", plural: "scaledobjects")
    private static let autoscalers = ResourceKind(
        group: "autoscaling", version: "v2", kind: "HorizontalPodAutoscaler", plural: "horizontalpodautoscalers")
    private static let configMaps = ResourceKind(group: "", version: "v1", kind: "ConfigMap", plural: "configmaps")
    /// Kinds that a cluster without KEDA does not have.
    private static let optionalKinds = [
        ResourceKind(group: "keda.sh", version: "v1alpha1", kind: "ScaledJob", plural: "scaledjobs"),
        ResourceKind(
            group: "keda.sh", version: "v1alpha1", kind: "TriggerAuthentication", plural: "triggerauthentications"),
        ResourceKind(
            group: "keda.sh", version: "v1alpha1", kind: "ClusterTriggerAuthentication",
            plural: "clustertriggerauthentications", isNamespaced: false),
    ]
    /// The workloads whose environment variables a ScaledObject may use.
    private static let workloads = [
        "Deployment": ResourceKind(group: "apps", version: "v1", kind: "Deployment", plural: "deployments"),
        "StatefulSet": ResourceKind(group: "apps", version: "v1", kind: "StatefulSet", plural: "statefulsets"),
    ]
    /// Selects the configuration of prometheus-adapter.
    private static let adapterLabel = "app.kubernetes.io/name=prometheus-adapter"

    /// - Parameter warn: receives a message for each kind or object that cannot be read.
    func read(_ options: ClusterOptions, warn: @Sendable (String) -> Void) async throws -> [SourceObject] {
        let configuration = try options.configuration(ProcessInfo.processInfo.environment)
        let result = await CurlHTTPClient.withClient { http async in
            let client = KubernetesClient(
                configuration: configuration, http: http, time: .system, random: { .random(in: 0..<1) },
                logger: StandardStreams.logger("generalscaler.migrate", level: .error))
            return await read(client)
        }
        for problem in result.problems { warn("note: \(problem)") }
        return result.objects
    }

    private struct Found: Sendable {
        var objects: [SourceObject] = []
        var problems: [String] = []
    }

    private func read(_ client: KubernetesClient) async -> Found {
        var found = Found()
        await list(Self.autoscalers, client, &found)
        await list(Self.scaledObjects, client, &found)
        guard found.objects.contains(where: { $0.kind == "ScaledObject" }) else {
            await list(Self.configMaps, client, &found, labels: Self.adapterLabel, everywhere: true)
            return found
        }
        for kind in Self.optionalKinds { await list(kind, client, &found) }
        await list(Self.configMaps, client, &found, labels: Self.adapterLabel, everywhere: true)
        await readWorkloads(client, &found)
        return found
    }

    private func list(
        _ kind: ResourceKind, _ client: KubernetesClient, _ found: inout Found, labels: String? = nil,
        everywhere: Bool = false
    ) async {
        let type: [String: JSON] = ["apiVersion": .string(kind.apiVersion), "kind": .string(kind.kind)]
        do throws(KubernetesError) {
            let place = everywhere || !kind.isNamespaced ? nil : namespace
            var items: [JSON] = []
            try await client.eachPage(of: kind, in: place, Selection(labels: labels)) { items += $0 }
            found.objects += items.map { item in
                SourceObject(.object((item.objectValue ?? [:]).merging(type) { $1 }), origin: "cluster")
            }
        } catch {
            // A cluster without KEDA does not have its kinds.
            guard error.kind != .notFound else { return }
            found.problems.append("\(kind.plural) cannot be read, and are omitted: \(error)")
        }
    }

    /// Reads the targets of ScaledObjects, for environment variables.
    private func readWorkloads(_ client: KubernetesClient, _ found: inout Found) async {
        for object in found.objects where object.kind == "ScaledObject" {
            let target = object.json["spec"]?["scaleTargetRef"]
            guard let kind = Self.workloads[target?["kind"]?.stringValue ?? "Deployment"],
                let name = target?["name"]?.stringValue, let namespace = object.namespace
            else { continue }
            let type: [String: JSON] = ["apiVersion": .string(kind.apiVersion), "kind": .string(kind.kind)]
            do throws(KubernetesError) {
                let json = try await client.get(kind, ObjectKey(namespace: namespace, name: name))
                found.objects.append(
                    SourceObject(.object((json.objectValue ?? [:]).merging(type) { $1 }), origin: "cluster"))
            } catch {
                found.problems.append("\(kind.kind) \(namespace)/\(name) cannot be read: \(error)")
            }
        }
    }
}
