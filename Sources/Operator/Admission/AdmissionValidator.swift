import KubernetesClient
import Logging
import PluginHost
import ScalerAPI
import Scaling
import SystemIO
import WireFormats

/// Decides whether a GeneralScaler or a ScalingBudget may be stored, and with which warnings.
///
/// Refuses only invalid specs and configs that their plugin refuses. A problem that may resolve itself, or depends on
/// other objects, is a warning.
struct AdmissionValidator: Sendable {
    let source: any MetricSource
    /// The known scalers.
    let scalers: @Sendable () -> [GeneralScaler]
    /// Whether that user, as named by `userInfo`, has that right; nil if unknown.
    let hasRight: @Sendable (_ right: AuthorRight, _ user: JSON) async -> Bool?
    /// The other autoscaler of a target in a namespace, such as `HorizontalPodAutoscaler/web`; nil if there is none or
    /// it is unknown.
    let otherAutoscaler: @Sendable (_ target: TargetReference, _ namespace: String) async -> String?
    let time: TimeSource
    /// What a budget has to know of all scalers.
    var budgetScalers: @Sendable () -> [BudgetReview.Scaler] = { [] }
    /// The known budgets.
    var budgets: @Sendable () -> [ScalingBudget] = { [] }
    var namespaceLabels: @Sendable (_ namespace: String) -> [String: String] = { _ in [:] }

    /// Always returns within ``AdmissionLimits/reviewTime``: checks that have not finished by then are skipped.
    func validate(_ request: AdmissionRequest) async -> AdmissionVerdict {
        switch request.budget {
        case .failure(let invalid)?: return AdmissionVerdict(problems: invalid.problems)
        case .success(let budget)?:
            let review = BudgetReview(budget, scalers: budgetScalers(), at: time.now())
            return AdmissionVerdict(warnings: review.warnings)
        case nil: break
        }
        switch request.spec {
        case nil: return AdmissionVerdict()
        case .failure(let invalid): return AdmissionVerdict(problems: invalid.problems)
        case .success(let spec):
            return await withTaskGroup(of: AdmissionVerdict.self) { group in
                group.addTask { await check(spec, request) }
                group.addTask {
                    try? await time.sleep(AdmissionLimits.reviewTime)
                    return AdmissionVerdict(warnings: [
                        "the plugins did not check this GeneralScaler in time: see its condition Ready"
                    ])
                }
                let first = await group.next() ?? AdmissionVerdict()
                group.cancelAll()
                return first
            }
        }
    }

    private func check(_ spec: GeneralScalerSpec, _ request: AdmissionRequest) async -> AdmissionVerdict {
        async let autoscalers = autoscalerWarning(spec, request)
        var verdict = AdmissionVerdict()
        var rights: [AuthorRight] = []
        for metric in spec.metrics {
            let path = metric.path
            let own = ConfigTemplate(metric.config, path: "\(path).config")
            for place in own.places {
                let right = AuthorRight(place.reference, namespace: request.namespace)
                if !rights.contains(right) { rights.append(right) }
            }
            await source.untilDeclared(metric.type)
            verdict.problems += source.filledFieldProblems(
                type: metric.type, own: metric.config, path: "\(path).config")
            let scaler = FilledScaler(namespace: request.namespace, name: request.name, target: spec.target)
            let config = source.template(
                type: metric.type, own: metric.config, targetValue: metric.targetValue, for: scaler,
                path: "\(path).config")
            let answer = await source.validate(type: metric.type, config: config.filledWithStandIns())
            let found = answer.problems(metric: path).filter { !config.isReference($0.path) }
            // A plugin's problem with a config that contains placeholders may be due to one of them.
            if case .invalid = answer, config.places.isEmpty {
                verdict.problems += found
            } else {
                verdict.warnings += found.map(\.description)
            }
        }
        verdict.warnings += otherClaims(spec, request) + startWarnings(spec, request)
        verdict.warnings += await autoscalers
        // Checked for the API server only: otherwise any client of the port could find out who has which right.
        guard let user = request.user else { return verdict }
        for right in rights.prefix(AdmissionLimits.rightsPerReview) {
            if await hasRight(right, user) == false { verdict.warnings.append(right.warning) }
        }
        return verdict
    }

    /// Returns a warning if another scaler claims the target. Only a warning: a rename by GitOps creates before it prunes.
    private func otherClaims(_ spec: GeneralScalerSpec, _ request: AdmissionRequest) -> [String] {
        guard !spec.isPaused, spec.mode == .active else { return [] }
        let target = TargetKey(spec.target, in: request.namespace)
        let others = scalers().filter { scaler in
            guard scaler.namespace == request.namespace, scaler.name != request.name,
                case .success(let other) = scaler.spec
            else { return false }
            return TargetKey(other.target, in: scaler.namespace) == target && !other.isPaused && other.mode == .active
                && !scaler.isBeingDeleted
        }
        return others.map(\.name).sorted().prefix(1).map {
            "GeneralScaler \($0) already scales \(spec.target): the older one owns the target and the other one holds. Delete "
                + "one, or set mode to DryRun in one"
        }
    }

    /// Returns a warning for each budget whose guarantee the scaler has to call back while its target is at 0.
    private func startWarnings(_ spec: GeneralScalerSpec, _ request: AdmissionRequest) -> [String] {
        guard spec.mayScaleToZero else { return [] }
        let scaler = BudgetReview.Scaler(
            name: "this GeneralScaler",
            consumption: ReplicaConsumption(
                labels: request.labels, namespaceLabels: namespaceLabels(request.namespace),
                declared: spec.declaredConsumption),
            minReplicas: spec.minReplicas, mayScaleToZero: true, replicas: nil)
        return budgets().sorted { $0.name < $1.name }.flatMap { budget -> [String] in
            guard case .success(let spec) = budget.spec, spec.mode == .enforce else { return [] }
            return BudgetReview(spec, scalers: [scaler], at: time.now()).startWarnings.map {
                "budget \(budget.name): \($0)"
            }
        }
    }

    private func autoscalerWarning(_ spec: GeneralScalerSpec, _ request: AdmissionRequest) async -> [String] {
        guard !spec.isPaused, spec.mode == .active else { return [] }
        let name = await withTaskGroup(of: String?.self) { group in
            group.addTask { await otherAutoscaler(spec.target, request.namespace) }
            group.addTask {
                try? await time.sleep(AdmissionLimits.autoscalerTime)
                return nil
            }
            let first = await group.next()
            group.cancelAll()
            return first ?? nil
        }
        return name.map {
            [
                "\($0) also scales \(spec.target), so this GeneralScaler holds the replicas. Delete \($0), or set mode "
                    + "to DryRun here"
            ]
        } ?? []
    }
}
