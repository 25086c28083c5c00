import Scaling
import WireFormats

/// Describes the changes that would cause the next scaling event. Never names an impossible one.
struct NextStep {
    let lines: [String]

    /// Creates the description; nil if there is no decision yet, or its metrics differ from the spec's.
    ///
    /// - Parameter isEdited: whether the spec is newer than the status, so that a hold may no longer apply.
    init?(spec: GeneralScalerSpec, isEdited: Bool, status: StatusView, history: ScalingHistory, now: Timestamp) {
        if let hold = Self.hold(spec, isEdited, status) {
            lines = [hold]
            return
        }
        guard let current = status.current, let input = Self.input(spec, status, history, current, now) else {
            return nil
        }
        var lines: [String] = []
        if isEdited { lines.append("The spec was edited after that decision; the next poll uses the new spec.") }
        if spec.mode == .dryRun {
            lines.append("Nothing is scaled while mode is DryRun. Once it is Active:")
        }
        if status.metrics.contains(where: { $0.value == nil }) { lines.append(Self.missing(spec, status)) }
        if let assumed = Self.assumed(status) { lines.append(assumed) }
        lines += Self.useful(status)
        lines += Self.steps(Outlook(input), input, status)
        self.lines = lines
    }

    private static func steps(_ outlook: Outlook, _ input: DecisionInput, _ status: StatusView) -> [String] {
        let spec = input.spec
        // At 0 replicas set by another client, the scaler is held; see above.
        guard (spec.minReplicas...spec.maxReplicas).contains(input.current) else {
            let bound = min(max(input.current, spec.minReplicas), spec.maxReplicas)
            let why = input.current < bound ? "below minReplicas" : "above maxReplicas"
            return ["The next poll sets \(bound.counted("replica")): \(input.current) is \(why)."]
        }
        let isDenied = status.limitedBy.contains(.budget)
        var lines = [notReady(input), isDenied ? denied : up(outlook, input)].compactMap(\.self)
        if input.current > 1 || input.current > 0 && spec.minReplicas > 0 { lines.append(down(outlook, input)) }
        if let zero = outlook.zero { lines.append(self.zero(zero, input, status)) }
        return lines
    }

    /// Returns the manual action, or the event, that is required before any scaling.
    private static func hold(_ spec: GeneralScalerSpec, _ isEdited: Bool, _ status: StatusView) -> String? {
        if spec.isPaused { return "No change while paused; set spec.paused to false to resume." }
        guard !isEdited else { return nil }
        let causes = status.limitedBy
        if status.obstacle != nil { return "No change until the problem above is resolved." }
        if causes.contains(.paused) {
            return "No change while the whole operator is paused; the last decision names the ConfigMap that pauses it."
        }
        if causes.contains(.switchedOff) {
            return "No change until \(spec.target) is set above 0 replicas; it was set to 0 manually."
        }
        if causes.contains(.duplicateTarget) {
            return "No change while another GeneralScaler scales \(spec.target); delete one of the two, or set mode to "
                + "DryRun in one."
        }
        if causes.contains(.replicasConflict) {
            return "No change while another client also sets the replicas of \(spec.target); remove the other one."
        }
        return nil
    }

    private static func input(
        _ spec: GeneralScalerSpec, _ status: StatusView, _ history: ScalingHistory, _ current: Int, _ now: Timestamp
    ) -> DecisionInput? {
        // What the plugins declared shows in the status; the age does not matter here.
        let seen = Dictionary(status.metrics.map { ($0.name, $0.targetType) }) { first, _ in first }
        var declared: [BuiltinMetricTypes.Declaration] = []
        for metric in spec.metrics {
            // An input has no target type.
            let unused: MetricSpec.TargetType? = metric.targetValue == nil ? .value : nil
            guard let targetType = metric.targetType ?? seen[metric.name] ?? unused else { return nil }
            declared.append(.init(targetType: targetType))
        }
        var scaling = spec.scalingSpec(declared: declared)
        guard scaling.metrics.map(\.name) == status.metrics.map(\.name),
            scaling.inputs.map(\.name) == status.inputs.map(\.name)
        else { return nil }
        // The thresholds apply to the value of a formula, not to its inputs.
        for index in scaling.metrics.indices { scaling.metrics[index].formula = nil }
        // While the schedules set what they set now.
        scaling = scaling.effective(at: now).spec
        // For a dry run, describe what it would do.
        scaling.isDryRun = false
        var input = DecisionInput(
            spec: scaling, now: now, current: current, ready: status.ready,
            observations: status.metrics.map { observation($0.value, $0.missing, now) },
            inputs: status.inputs.map { observation($0.value, $0.missing, now) },
            history: history
        )
        for metric in status.metrics { input.activity[metric.name] = metric.isActive }
        return input
    }

    private static func observation(_ value: Double?, _ missing: String?, _ now: Timestamp) -> MetricObservation {
        value.map { .value($0, observedAt: now) } ?? .noData(missing ?? "unknown")
    }

    // MARK: Sentences

    /// Nil if no formula's value is assumed.
    private static func assumed(_ status: StatusView) -> String? {
        let names = status.metrics.filter { $0.isAssumed && $0.filledFormula != nil }.map(\.name)
        guard !names.isEmpty else { return nil }
        return "While \(names.joined(separator: ", ")) stands in for a missing value, no replica is removed."
    }

    /// The caps of the sources, which the steps below leave out: they change with the values.
    private static func useful(_ status: StatusView) -> [String] {
        status.metrics.compactMap { metric in
            metric.usefulReplicas.map {
                "\(metric.name) asks for no more than \($0.counted("replica")) while its source has no work for more."
            }
        }
    }

    private static func missing(_ spec: GeneralScalerSpec, _ status: StatusView) -> String {
        let names = status.metrics.filter { $0.value == nil }.map(\.name).joined(separator: ", ")
        let fallback =
            spec.fallback.behavior == .hold
            ? ""
            : "; the fallback (\(spec.fallback.behavior.rawValue)) applies after "
                + "\(spec.fallback.failureThreshold.counted("poll")) and \(FallbackSpec.minimumFailureTime.shortText)"
        guard status.metrics.allSatisfy({ $0.value == nil }) else {
            return "Until \(names) has a value again, no replica is removed\(fallback)."
        }
        return status.limitedBy.contains(.fallback) && spec.fallback.behavior != .hold
            ? "Until \(names) has a value again, the fallback (\(spec.fallback.behavior.rawValue)) sets the replicas."
            : "Until \(names) has a value again, the replicas are held\(fallback)."
    }

    private static let denied =
        "No scale-up while a ScalingBudget allows no more replicas: raise its limit, or wait until its other members use less."

    /// Returns the note that the steps below change once more replicas are ready.
    private static func notReady(_ input: DecisionInput) -> String? {
        guard let ready = input.ready, ready < input.current, hasValuePerReplica(input) else { return nil }
        return "While only \(Decision.readyText(ready, of: input.current)):"
    }

    private static func hasValuePerReplica(_ input: DecisionInput) -> Bool {
        input.spec.metrics.contains { $0.targetType == .value }
    }

    private static func up(_ outlook: Outlook, _ input: DecisionInput) -> String {
        switch outlook.up {
        case .held(let causes): return "No scale-up: \(words(causes, input))."
        case .from(let time):
            let conditions: [String] = zip(input.spec.metrics, outlook.thresholds).compactMap { metric, thresholds in
                if input.current == 0 {
                    return input.activity[metric.name] == nil
                        ? "\(metric.name) is above \(metric.activation.shortText)"
                        : "the source of \(metric.name) is active"
                }
                return thresholds?.more.map { "\(metric.name) is above \($0.shortText)" }
            }
            let isMet = zip(input.observations, outlook.thresholds).contains { observation, thresholds in
                observation.value.flatMap { value in thresholds?.more.map { value > $0 } } ?? false
            }
            let window = input.current == 0 ? .zero : input.spec.safety.scaleUpStabilization
            if isMet, input.current > 0, let moment = moment(time, input, after: window) {
                return "A scale-up happens \(moment), if \(conditions.joined(separator: " or ")) until then."
            }
            let stays = window > .zero ? " and stays there for \(window.shortText)" : ""
            return "A scale-up happens when \(conditions.joined(separator: " or "))\(stays)\(wait(time, input))."
        }
    }

    private static func down(_ outlook: Outlook, _ input: DecisionInput) -> String {
        switch outlook.down {
        case .held(let causes): return "No scale-down: \(words(causes, input))."
        case .from(let time):
            let window = input.spec.safety.scaleDownStabilization
            let stays = window > .zero ? " and stays there for \(window.shortText)" : ""
            let conditions: [String] = zip(input.spec.metrics, outlook.thresholds).compactMap { metric, thresholds in
                thresholds?.fewer.map { "\(metric.name) is at most \($0.shortText)" }
            }
            let isMet = zip(input.observations, outlook.thresholds).allSatisfy { observation, thresholds in
                observation.value.flatMap { value in thresholds.map { $0.fewer.map { value <= $0 } ?? false } } ?? false
            }
            if isMet, let moment = moment(time, input, after: window) {
                return "A scale-down happens \(moment), if \(conditions.joined(separator: " and ")) until then."
            }
            return "A scale-down happens when \(conditions.joined(separator: " and "))\(stays)\(wait(time, input))."
        }
    }

    /// Describes the step to 0: all replicas are removed at once after every metric has been idle for the whole
    /// cooldown.
    private static func zero(_ step: Outlook.Step, _ input: DecisionInput, _ status: StatusView) -> String {
        guard case .from(let time) = step else {
            guard case .held(let causes) = step, !causes.isEmpty else {
                return "It does not scale to 0 replicas: no value of its metrics counts as idle."
            }
            return "It does not scale to 0 replicas: \(words(causes, input))."
        }
        let idle = input.spec.metrics.map { metric in
            input.activity[metric.name] == nil
                ? "\(metric.name) is at most \(metric.activation.shortText)"
                : "the source of \(metric.name) is not active"
        }.joined(separator: " and ")
        let assumed =
            status.metrics.contains { $0.isAssumed && $0.filledFormula == nil }
            ? "; an assumed value for an empty result does not count" : ""
        guard !status.isIdle else {
            let when =
                time > input.now
                ? "at \(time.rfc3339(.seconds)), in \((time - input.now).shortText)," : "at the next poll"
            return "It scales to 0 replicas \(when) if \(idle) until then\(assumed)."
        }
        let cooldown = input.spec.safety.effectiveScaleDownCooldown.shortText
        return "It scales to 0 replicas when \(idle) and stays so for \(cooldown)\(assumed)."
    }

    /// Returns the end of a cooldown; nil if none is left, or less than the stabilization window, which began at an unknown time.
    private static func moment(_ time: Timestamp, _ input: DecisionInput, after window: Duration) -> String? {
        guard time > input.now, time - input.now >= window else { return nil }
        return "at \(time.rfc3339(.seconds)), in \((time - input.now).shortText), after a cooldown"
    }

    private static func wait(_ time: Timestamp, _ input: DecisionInput) -> String {
        time > input.now
            ? ", but not before \(time.rfc3339(.seconds)), in \((time - input.now).shortText): a cooldown has to pass"
            : ""
    }

    private static func words(_ causes: [Cause], _ input: DecisionInput) -> String {
        let words: [String] = causes.compactMap { cause in
            switch cause {
            case .maxReplicas: "maxReplicas is \(input.spec.maxReplicas)"
            case .minReplicas: "minReplicas is \(input.spec.minReplicas)"
            case .budgetCap: "the budget allows no more than the current replicas"
            case .usefulReplicas: "the source has no work for more"
            case .scaleUpRate:
                input.spec.safety.maxScaleUpRate.step(from: input.current) == 0 ? "maxScaleUpRate is 0" : nil
            case .scaleDownRate:
                input.spec.safety.maxScaleDownRate.step(from: input.current) == 0 ? "maxScaleDownRate is 0" : nil
            case .partialMetrics, .noData: "a metric has no value"
            case .errorBudget: "the error budget is being spent too fast, or is unknown"
            case .tolerance, .notReady, .cooldown, .fallback: nil
            default: cause.rawValue
            }
        }
        guard words.isEmpty else { return words.joined(separator: "; ") }
        guard hasValuePerReplica(input), input.ready ?? 0 < input.current else {
            return "no metric value causes one"
        }
        return input.ready == nil
            ? "the target does not report how many of its replicas are ready" : "too few replicas are ready"
    }
}
