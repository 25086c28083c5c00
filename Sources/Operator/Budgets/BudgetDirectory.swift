import KubernetesClient
import Logging
import ScalerAPI
import ServiceLifecycle
import SystemIO
import TimeZones
import WireFormats

/// Watches ScalingBudgets, and the labels of namespaces, if the cluster has the resource ScalingBudget.
///
/// Budgets are cluster-scoped, so an operator that watches single namespaces has none.
final class BudgetDirectory: Service {
    /// How long the absence of the resource is cached.
    static let absenceLifetime: Duration = .seconds(60)
    /// How long a new leader waits for the first list.
    static let syncTimeout: Duration = .seconds(5)

    private static let namespaceKind = ResourceKind(
        group: "", version: "v1", kind: "Namespace", plural: "namespaces", isNamespaced: false)

    private let client: KubernetesClient
    private let time: TimeSource
    private let budgets: Informer<ScalingBudget>
    private let namespaces: Informer<[String: String]>
    private let listed: @Sendable () -> Void
    /// Opens when the budgets and namespaces are known, or it is known that they cannot be.
    private let areBudgetsKnown: AsyncLatch
    private let areNamespacesKnown: AsyncLatch

    /// - Parameters:
    ///   - changed: called with the name of each budget that was added, changed or deleted.
    ///   - relabeled: called with the name of each namespace whose labels changed.
    ///   - listed: called when the budgets or the namespaces have become known.
    init(
        client: KubernetesClient, time: TimeSource, logger: Logger, changed: @escaping @Sendable (String) -> Void,
        relabeled: @escaping @Sendable (String) -> Void, listed: @escaping @Sendable () -> Void
    ) {
        self.client = client
        self.time = time
        self.listed = listed
        let (areBudgetsKnown, areNamespacesKnown) = (AsyncLatch(), AsyncLatch())
        @Sendable func open(_ latch: AsyncLatch) {
            latch.open()
            listed()
        }
        self.areBudgetsKnown = areBudgetsKnown
        self.areNamespacesKnown = areNamespacesKnown
        budgets = Informer(
            client: client, kind: .scalingBudget, scope: .allNamespaces, logger: logger,
            decode: { try ScalingBudget($0, zones: TimeZoneDirectory.system) },
            handle: { event in
                switch event {
                case .added(let key, _), .updated(let key, _, _), .deleted(let key, _): changed(key.name)
                case .malformed(let object): changed(object.key.name)
                case .synced: open(areBudgetsKnown)
                }
            },
            listFailed: { if $0.isRefusal { open(areBudgetsKnown) } })
        namespaces = Informer(
            client: client, kind: Self.namespaceKind, scope: .allNamespaces,
            reader: ObjectReader(ObjectFields([:], metadata: ["labels"])), logger: logger,
            decode: { LabelReader.labels(of: $0) },
            handle: { event in
                switch event {
                case .added(let key, _), .deleted(let key, _): relabeled(key.name)
                case .malformed(let object): relabeled(object.key.name)
                case .updated(let key, let old, let new): if old != new { relabeled(key.name) }
                case .synced: open(areNamespacesKnown)
                }
            },
            listFailed: { if $0.isRefusal { open(areNamespacesKnown) } })
    }

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                if await self.isServed { break }
                try? await self.time.sleep(Self.absenceLifetime)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.budgets.run() }
                group.addTask { try await self.namespaces.run() }
                try await group.waitForAll()
            }
        }
    }

    /// Whether the API server has the resource. An API server that does not answer may have it.
    private var isServed: Bool {
        get async {
            do throws(KubernetesError) {
                _ = try await client.discover(
                    apiVersion: ResourceKind.scalingBudget.apiVersion, kind: ScalingBudget.kind)
                return true
            } catch {
                guard error.kind == .notFound else { return true }
                areBudgetsKnown.open()
                areNamespacesKnown.open()
                listed()
                return false
            }
        }
    }

    /// Whether the budgets and the labels of namespaces are known, or it is known that they cannot be.
    var isKnown: Bool { areBudgetsKnown.isOpen && areNamespacesKnown.isOpen }

    /// Waits for the first list, but not for long.
    func waitUntilKnown() async {
        await areBudgetsKnown.wait(for: Self.syncTimeout, time: time)
        await areNamespacesKnown.wait(for: Self.syncTimeout, time: time)
    }

    /// Lists again, so that a new leader knows all changes before its term.
    func relist() async {
        guard budgets.hasSynced else { return }
        await budgets.relist()
    }

    var all: [ScalingBudget] { budgets.objects }

    subscript(name: String) -> ScalingBudget? { budgets[ObjectKey(namespace: "", name: name)] }

    /// The labels of a namespace. Its name is always one of them, as Kubernetes sets it.
    func labels(ofNamespace name: String) -> [String: String] {
        var labels = namespaces[ObjectKey(namespace: "", name: name)] ?? [:]
        labels["kubernetes.io/metadata.name"] = name
        return labels
    }
}

/// Reads labels in an object that Kubernetes has checked.
enum LabelReader {
    static func labels(of object: JSON) -> [String: String] {
        (object["metadata"]?["labels"]?.objectValue ?? [:]).compactMapValues(\.stringValue)
    }
}

extension ResourceKind {
    static let scalingBudget = ResourceKind(
        group: "autoscaling.example.com", version: "v1", kind: ScalingBudget.kind, plural: "scalingbudgets",
        isNamespaced: false)
}
