import ScalerAPI
import Scaling

extension BudgetReview.Scaler {
    /// What the caches know of a scaler.
    init(_ scaler: GeneralScaler, budgets: BudgetDirectory?, targets: TargetDirectory) {
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
