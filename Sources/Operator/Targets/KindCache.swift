import KubernetesClient
import Logging
import ScalerAPI
import Synchronization
import SystemIO

/// The watched objects of one kind of target.
final class KindCache: Sendable {
    let kind: ResourceKind
    let informer: Informer<CachedTarget>
    /// Opens once the kind has been listed, or the list was refused.
    let isListed: AsyncLatch
    /// Opens when no GeneralScaler has a target of the kind, which ends the watch.
    let end = AsyncLatch()
    private let reports: ReadyReports

    /// Kinds with the same replica fields as Deployments.
    static let workloads: [ResourceKind] = [.deployment, .statefulSet]

    /// - Parameter targetAppeared: called for each new object.
    init(
        _ kind: ResourceKind, client: KubernetesClient, scope: WatchScope, logger: Logger,
        targetAppeared: @escaping @Sendable (TargetPlace) -> Void
    ) {
        let isListed = AsyncLatch()
        let reports = ReadyReports(kind)
        self.kind = kind
        self.isListed = isListed
        self.reports = reports
        informer = Informer(
            client: client, kind: kind, scope: scope, reader: CachedTarget.reader, logger: logger,
            decode: { try CachedTarget($0) },
            handle: { event in
                switch event {
                case .added(let key, let object):
                    reports.see(object)
                    let target = TargetReference(apiVersion: kind.apiVersion, kind: kind.kind, name: key.name)
                    targetAppeared(TargetPlace(namespace: key.namespace, target: target))
                case .updated(_, _, let object): reports.see(object)
                case .synced: isListed.open()
                case .deleted, .malformed: break
                }
            },
            listFailed: { if $0.isRefusal { isListed.open() } }
        )
    }

    /// Whether the kind keeps its replicas in `spec.replicas`.
    var isWorkload: Bool { Self.workloads.contains(kind) }

    /// Returns the ready replicas of an object of the kind; nil if unknown.
    func readyReplicas(of object: CachedTarget) -> Int? {
        reports.see(object)
        return object.ready.count(isReportedByKind: reports.isKnown)
    }
}

/// Whether objects of a kind report ready replicas. One object that does so, or omits a count of 0, proves it for the
/// kind.
private final class ReadyReports: Sendable {
    private let hasSeen: Atomic<Bool>

    init(_ kind: ResourceKind) {
        // All built-in workloads do.
        hasSeen = Atomic(kind.group == "apps" || kind.group.isEmpty)
    }

    var isKnown: Bool { hasSeen.load(ordering: .relaxed) }

    func see(_ object: CachedTarget) {
        switch object.ready {
        case .reported, .omitted: if !isKnown { hasSeen.store(true, ordering: .relaxed) }
        case .absent, .invalid: break
        }
    }
}

extension KubernetesError {
    /// Whether the API server's answer to this request changes only with permissions or definitions.
    var isRefusal: Bool {
        switch kind {
        case .forbidden, .unauthorized, .notFound: true
        default: false
        }
    }
}
