import KubernetesClient
import ScalerAPI
import Synchronization
import SystemIO

/// The changes that a ``ScalerController`` has not handled yet: the caches and the plugins report them, and the
/// controller drains them.
final class ScalerChanges: Sendable {
    /// At most one entry per object.
    struct Pending: Sendable {
        var objects: Set<ObjectKey> = []
        var targets: Set<TargetPlace> = []
        /// Scalers with a pushed reading.
        var pushes: Set<ObjectKey> = []
        /// Names of ScalingBudgets.
        var budgets: Set<String> = []
        /// Namespaces with other labels.
        var namespaces: Set<String> = []
    }

    private let pending = Mutex(Pending())
    /// Signalled with each change.
    let wakeUp = AsyncSignal()

    var hasObjects: Bool { pending.withLock { !$0.objects.isEmpty } }
    var isEmpty: Bool {
        pending.withLock { $0.objects.isEmpty && $0.targets.isEmpty && $0.pushes.isEmpty } && !hasBudgets
    }

    private var hasBudgets: Bool { pending.withLock { !$0.budgets.isEmpty || !$0.namespaces.isEmpty } }

    /// Reports that a GeneralScaler was added, changed or deleted.
    func objectChanged(_ key: ObjectKey) {
        pending.withLock { _ = $0.objects.insert(key) }
        wakeUp.signal()
    }

    /// Reports that a target was created, for which scalers may be waiting.
    func targetAppeared(_ place: TargetPlace) {
        pending.withLock { _ = $0.targets.insert(place) }
        wakeUp.signal()
    }

    /// Reports that a reading was pushed, with its subscribers.
    func readingPushed(for scalers: [ObjectIdentity]) {
        let keys = scalers.map { ObjectKey(namespace: $0.namespace, name: $0.name) }
        pending.withLock { $0.pushes.formUnion(keys) }
        wakeUp.signal()
    }

    /// Reports that a ScalingBudget was added, changed or deleted.
    func budgetChanged(_ name: String) {
        pending.withLock { _ = $0.budgets.insert(name) }
        wakeUp.signal()
    }

    /// Reports that the labels of a namespace changed.
    func namespaceChanged(_ name: String) {
        pending.withLock { _ = $0.namespaces.insert(name) }
        wakeUp.signal()
    }

    /// Returns the pending changes and removes them.
    func drain() -> Pending {
        pending.withLock { pending in
            defer { pending = Pending() }
            return pending
        }
    }
}
