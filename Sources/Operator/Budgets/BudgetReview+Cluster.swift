import KubernetesClient
import ScalerAPI
import Scaling

extension BudgetReview {
    /// Returns what the caches know of all scalers at the time of a call.
    static func scalers(
        _ scalers: Informer<GeneralScaler>, budgets: BudgetDirectory?, targets: TargetDirectory
    ) -> @Sendable () -> [Scaler] {
        { scalers.objects.map { Scaler($0, budgets: budgets, targets: targets) } }
    }
}

extension BudgetReview.Scaler {
    fileprivate init(_ scaler: GeneralScaler, budgets: BudgetDirectory?, targets: TargetDirectory) {
        let spec = try? scaler.spec.get()
        self.init(
            name: "\(scaler.namespace)/\(scaler.name)",
            consumption: ReplicaConsumption(
                labels: scaler.labels, namespaceLabels: budgets?.labels(ofNamespace: scaler.namespace) ?? [:],
                declared: spec?.declaredConsumption ?? [:],
                requests: spec.flatMap { targets.cachedRequests(of: $0.target, namespace: scaler.namespace) }),
            minReplicas: spec?.minReplicas ?? 0, mayScaleToZero: spec?.mayScaleToZero ?? false,
            replicas: scaler.status.history.lastSeenReplicas)
    }
}
