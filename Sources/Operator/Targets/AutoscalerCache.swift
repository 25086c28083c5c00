import KubernetesClient
import Logging
import ScalerAPI
import Synchronization
import SystemIO
import WireFormats

/// The watched autoscalers of one kind.
final class AutoscalerCache: Sendable {
    /// The defaults for absent or empty fields of a `scaleTargetRef`.
    private static let defaultTarget = TargetReference(apiVersion: "apps/v1", kind: "Deployment", name: "")

    static let scaledObject = "ScaledObject"

    /// Opens once the kind has been listed, or the list was refused.
    let isListed: AsyncLatch
    /// Opens when the API server no longer has the kind, which ends the watch.
    let end = AsyncLatch()
    let informer: Informer<TargetKey?>
    private let kind: ResourceKind
    private let index: AutoscalerIndex

    init(_ kind: ResourceKind, client: KubernetesClient, scope: WatchScope, logger: Logger) {
        let (isListed, index) = (AsyncLatch(), AutoscalerIndex())
        self.kind = kind
        self.isListed = isListed
        self.index = index
        informer = Informer(
            client: client, kind: kind, scope: scope, reader: ObjectReader(Self.fields),
            logger: logger, decode: { kind.kind == Self.scaledObject && Self.isPaused($0) ? nil : Self.target(of: $0) },
            handle: { event in
                switch event {
                case .added(let key, let target), .updated(let key, _, let target): index.set(target, of: key)
                case .deleted(let key, _): index.set(nil, of: key)
                case .malformed(let object): index.set(nil, of: object.key)
                case .synced: isListed.open()
                }
            },
            listFailed: { if $0.isRefusal { isListed.open() } }
        )
    }

    /// Whether the API server no longer has the kind.
    var isGone: Bool { informer.listFailure?.kind == .notFound }

    /// Returns the autoscaler of the target, such as `HorizontalPodAutoscaler/web`; the first by name if there are
    /// several.
    ///
    /// - Throws: an error if the autoscalers are unknown.
    func otherAutoscaler(of target: TargetKey) throws(KubernetesError) -> String? {
        let failure = informer.listFailure
        if let failure, failure.isRefusal { throw failure }
        guard informer.hasSynced else {
            throw failure ?? KubernetesError(.timeout, "the list of \(kind.plural) has not been received yet")
        }
        return index.name(of: target).map { "\(kind.kind)/\($0)" }
    }

    private static let fields = ObjectFields(
        ["spec": ["scaleTargetRef"], "status": ["conditions"]], metadata: ["annotations"])

    /// Whether KEDA has paused the ScaledObject, so that it sets no replicas: the condition tells, which KEDA sets after
    /// it has deleted the HorizontalPodAutoscaler. With `paused-replicas` it goes on setting that number.
    private static func isPaused(_ object: JSON) -> Bool {
        let annotations = object["metadata"]?["annotations"]
        guard annotations?["autoscaling.keda.sh/paused"] == "true",
            annotations?["autoscaling.keda.sh/paused-replicas"] == nil
        else {
            return false
        }
        return (object["status"]?["conditions"]?.arrayValue ?? [])
            .contains { $0["type"] == "Paused" && $0["status"] == "True" }
    }

    /// Returns the target of an autoscaler; nil if it names none.
    private static func target(of object: JSON) -> TargetKey? {
        let reference = object["spec"]?["scaleTargetRef"]
        func field(_ name: String, otherwise: String) -> String {
            reference?[name]?.stringValue.flatMap { $0.isEmpty ? nil : $0 } ?? otherwise
        }
        let target = TargetReference(
            apiVersion: field("apiVersion", otherwise: defaultTarget.apiVersion),
            kind: field("kind", otherwise: defaultTarget.kind), name: field("name", otherwise: ""))
        guard !target.name.isEmpty else { return nil }
        return TargetKey(target, in: object["metadata"]?["namespace"]?.stringValue ?? "")
    }
}

/// Finds autoscalers by their target.
private final class AutoscalerIndex: Sendable {
    private struct State {
        var targets: [ObjectKey: TargetKey] = [:]
        var names: [TargetKey: Set<String>] = [:]
    }

    private let state = Mutex(State())

    func name(of target: TargetKey) -> String? { state.withLock { $0.names[target]?.min() } }

    func set(_ target: TargetKey?, of autoscaler: ObjectKey) {
        state.withLock { state in
            if let former = state.targets.removeValue(forKey: autoscaler) {
                state.names[former]?.remove(autoscaler.name)
                if state.names[former]?.isEmpty == true { state.names[former] = nil }
            }
            guard let target else { return }
            state.targets[autoscaler] = target
            state.names[target, default: []].insert(autoscaler.name)
        }
    }
}
