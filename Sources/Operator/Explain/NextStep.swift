import Scaling
import WireFormats

/// What would have to change for the next scaling, in words.
struct NextStep {
    let lines: [String]

    /// Nil where nothing was decided yet, or the spec has changed since in a way that nobody has looked at.
    init?(spec: GeneralScalerSpec, status: StatusView, history: ScalingHistory, now: Timestamp) {
        if let hold = Self.hold(spec, status) {
            lines = [hold]
            return
        }
        guard let current = status.current, let input = Self.input(spec, status, history, current, now) else {
            return nil
        }
        let outlook = Outlook(input)
        var lines: [String] = []
        if status.metrics.contains(where: { $0.value == nil }) { lines.append(Self.missing(spec, status)) }
        lines.append(Self.up(outlook, input))
        if current > 0 { lines.append(Self.down(outlook, input)) }
        self.lines = lines
    }

    /// What has to be done by hand before anything else can happen.
    private static func hold(_ spec: GeneralScalerSpec, _ status: StatusView) -> String? {
        let causes = status.limitedBy
        if spec.isPaused { return "Nothing, while it is paused: set spec.paused to false." }
        if causes.contains(.switchedOff) {
            return "Nothing, until someone sets \(spec.target) above 0 replicas: it was set to 0 by hand."
        }
        if causes.contains(.duplicateTarget) {
            return
                "Nothing, while an older GeneralScaler scales \(spec.target): delete one of the two, or make one a DryRun."
        }
        if causes.contains(.replicasConflict) {
            return "Nothing, while something else sets the replicas of \(spec.target) too: remove the other one."
        }
        return nil
    }

    private static func input(
        _ spec: GeneralScalerSpec, _ status: StatusView, _ history: ScalingHistory, _ current: Int, _ now: Timestamp
    ) -> DecisionInput? {
        guard spec.metrics.map(\.name) == status.metrics.map(\.name) else { return nil }
        var metrics: [MetricSpec] = []
        for (metric, seen) in zip(spec.metrics, status.metrics) {
            guard let targetType = metric.targetType ?? seen.targetType else { return nil }
            metrics.append(
                metric.resolved(
                    declaredTargetType: targetType, declaredMaxAge: nil, pollingInterval: spec.pollingInterval))
        }
        var scaling = spec.scalingSpec(metrics: metrics)
        // A dry run is asked what it would do.
        scaling.isDryRun = false
        return DecisionInput(
            spec: scaling, now: now, current: current, ready: status.ready ?? current,
            observations: status.metrics.map { metric in
                metric.value.map { .value($0, observedAt: now) } ?? .noData(metric.missing ?? "unknown")
            },
            history: history
        )
    }

    private static func missing(_ spec: GeneralScalerSpec, _ status: StatusView) -> String {
        let names = status.metrics.filter { $0.value == nil }.map(\.name).joined(separator: ", ")
        let fallback =
            spec.fallback.behavior == .hold
            ? ""
            : "; the fallback (\(spec.fallback.behavior.rawValue)) comes in after "
                + "\(spec.fallback.failureThreshold) polls and \(FallbackSpec.minimumFailureTime.shortText)"
        return "Until \(names) has a value again, no replica is removed\(fallback)."
    }

    private static func up(_ outlook: Outlook, _ input: DecisionInput) -> String {
        switch outlook.up {
        case .held(let causes): return "No scale-up: \(words(causes, input))."
        case .from(let time):
            let conditions: [String] = zip(input.spec.metrics, outlook.thresholds).compactMap { metric, thresholds in
                if input.current == 0 { return "\(metric.name) is above \(metric.activation.shortText)" }
                return thresholds?.more.map { "\(metric.name) is above \($0.shortText)" }
            }
            let window = input.spec.safety.scaleUpStabilization
            let stays = window > .zero ? " and stays there for \(window.shortText)" : ""
            return "A scale-up comes when \(conditions.joined(separator: " or "))\(stays)\(wait(time, input))."
        }
    }

    private static func down(_ outlook: Outlook, _ input: DecisionInput) -> String {
        switch outlook.down {
        case .held(let causes): return "No scale-down: \(words(causes, input))."
        case .from(let time):
            let window = input.spec.safety.scaleDownStabilization
            let stays = window > .zero ? " and stays there for \(window.shortText)" : ""
            let isToZero = input.current == 1 && input.spec.minReplicas == 0
            let conditions: [String] = zip(input.spec.metrics, outlook.thresholds).compactMap { metric, thresholds in
                if isToZero { return "\(metric.name) is at most \(metric.activation.shortText)" }
                return thresholds?.fewer.map { "\(metric.name) is at most \($0.shortText)" }
            }
            let text = conditions.joined(separator: " and ")
            if isToZero {
                let idle = input.spec.safety.effectiveScaleDownCooldown.shortText
                return "The last replica goes when \(text) and stays so for \(idle)."
            }
            return "A scale-down comes when \(text)\(stays)\(wait(time, input))."
        }
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
            case .budgetCap: "the budget pays for no more than the replicas there are"
            case .scaleUpRate:
                input.spec.safety.maxScaleUpRate.step(from: input.current) == 0 ? "maxScaleUpRate is 0" : nil
            case .scaleDownRate:
                input.spec.safety.maxScaleDownRate.step(from: input.current) == 0 ? "maxScaleDownRate is 0" : nil
            case .partialMetrics, .noData: "a metric has no value"
            case .errorBudget: "the error budget is being spent too fast"
            case .tolerance, .notReady, .cooldown, .fallback: nil
            default: cause.rawValue
            }
        }
        return words.isEmpty ? "the metrics ask for none, whatever their value" : words.joined(separator: "; ")
    }
}
