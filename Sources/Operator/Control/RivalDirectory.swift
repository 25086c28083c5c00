import KubernetesClient
import Scaling
import Synchronization
import WireFormats

/// Knows what else scales a target: HorizontalPodAutoscalers, and KEDA's ScaledObjects where the cluster has them.
///
/// Asked only before a patch, so it lists when asked and keeps the answer for a while, namespace by namespace.
actor RivalDirectory {
    /// How long a namespace's list is believed.
    static let lifetime: Duration = .seconds(30)
    /// Namespaces remembered.
    static let maxNamespaces = 1_024

    private struct Rival: Sendable {
        let description: String
        let target: TargetReference
    }

    private struct Known {
        let rivals: [Rival]
        let until: Duration
    }

    private static let autoscaler = ResourceKind(
        group: "autoscaling", version: "v2", kind: "HorizontalPodAutoscaler", plural: "horizontalpodautoscalers")
    /// What clusters before Kubernetes 1.23 have.
    private static let olderAutoscaler = ResourceKind(
        group: "autoscaling", version: "v1", kind: "HorizontalPodAutoscaler", plural: "horizontalpodautoscalers")
    private static let scaledObject = ResourceKind(
        group: "keda.sh", version: "v1alpha1", kind: "ScaledObject", plural: "scaledobjects")

    private let client: KubernetesClient
    private let time: OperatorTime
    private var known: [String: Known] = [:]

    init(client: KubernetesClient, time: OperatorTime) {
        self.client = client
        self.time = time
    }

    /// What else scales the target, such as `HorizontalPodAutoscaler/web`; nil for nothing.
    ///
    /// - Throws: a blocker where that cannot be told: then nothing may be patched.
    func rival(of target: TargetReference, namespace: String) async throws(Blocker) -> String? {
        let rivals = try await rivals(in: namespace)
        return rivals.first { Self.isSame($0.target, target) }?.description
    }

    private func rivals(in namespace: String) async throws(Blocker) -> [Rival] {
        if let known = known[namespace], time.elapsed() < known.until { return known.rivals }
        var rivals: [Rival] = []
        do throws(KubernetesError) {
            if let autoscalers = try await list(Self.autoscaler, namespace) {
                rivals = autoscalers
            } else {
                rivals = try await list(Self.olderAutoscaler, namespace) ?? []
            }
            // Asked first whether the cluster has the kind: a list of it needs rights that only then matter.
            if try await hasScaledObjects { rivals += try await list(Self.scaledObject, namespace) ?? [] }
        } catch {
            throw Blocker(
                .targetUnavailable,
                "it cannot be told whether a HorizontalPodAutoscaler or ScaledObject scales this target too, so it is "
                    + "left alone: \(error.message)")
        }
        if known.count >= Self.maxNamespaces { known = [:] }
        known[namespace] = Known(rivals: rivals, until: time.elapsed() + Self.lifetime)
        return rivals
    }

    private var hasScaledObjects: Bool {
        get async throws(KubernetesError) {
            do throws(KubernetesError) {
                _ = try await client.discover(apiVersion: Self.scaledObject.apiVersion, kind: Self.scaledObject.kind)
                return true
            } catch {
                guard error.kind == .notFound else { throw error }
                return false
            }
        }
    }

    /// Nil where the API server has no such kind.
    private func list(_ kind: ResourceKind, _ namespace: String) async throws(KubernetesError) -> [Rival]? {
        do throws(KubernetesError) {
            let page = try await client.list(kind, in: namespace, reader: Self.reader) {
                object -> Result<Rival?, OversizedObject> in
                switch object {
                case .whole(let json): .success(Self.read(json, kind))
                case .oversized(let oversized): .failure(oversized)
                }
            }
            var rivals: [Rival] = []
            for item in page.items {
                switch item {
                case .success(let rival): if let rival { rivals.append(rival) }
                case .failure(let oversized):
                    throw KubernetesError(.tooLarge, "what is read of a \(kind.kind) \(oversized)")
                }
            }
            return rivals
        } catch {
            guard error.kind == .notFound else { throw error }
            return nil
        }
    }

    private static let reader = ObjectReader(ObjectFields(["spec": ["scaleTargetRef"]]))

    private static func read(_ object: JSON, _ kind: ResourceKind) -> Rival? {
        let reference = object["spec"]?["scaleTargetRef"]
        guard let name = object["metadata"]?["name"]?.stringValue, let target = reference?["name"]?.stringValue else {
            return nil
        }
        return Rival(
            description: "\(kind.kind)/\(name)",
            // A ScaledObject may leave out both: it then means a Deployment.
            target: TargetReference(
                apiVersion: reference?["apiVersion"]?.stringValue ?? "apps/v1",
                kind: reference?["kind"]?.stringValue ?? "Deployment", name: target))
    }

    /// Whether the two are one object: versions of one group show the same objects.
    private static func isSame(_ left: TargetReference, _ right: TargetReference) -> Bool {
        left.name == right.name && left.kind == right.kind && group(left) == group(right)
    }

    private static func group(_ target: TargetReference) -> Substring {
        target.apiVersion.contains("/") ? target.apiVersion.prefix { $0 != "/" } : ""
    }
}
