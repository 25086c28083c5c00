import Backtest
import Scaling

let start = Timestamp(microsecondsSince1970: 1_772_409_600_000_000)

/// Returns a trace of one metric with a step of 15 s; nil is no data.
func trace(_ values: [Double?], replicas: Int? = nil, every seconds: Int = 15) throws -> Trace {
    try Trace(
        metrics: ["requests"],
        samples: values.enumerated().map { index, value in
            Trace.Sample(
                time: start + .seconds(index * seconds), cells: [value.map { .value($0) } ?? .noData],
                replicas: replicas)
        })
}

extension ScalingSpec {
    /// 100 requests per second and replica, without limits that apply.
    static func requests(
        _ targetType: MetricSpec.TargetType = .value, min: Int = 1, max: Int = 20, isDryRun: Bool = false,
        policy: any ScalingPolicy = SLOPolicy(), safety: SafetyLimits = .free
    ) -> ScalingSpec {
        ScalingSpec(
            minReplicas: min, maxReplicas: max, isDryRun: isDryRun,
            metrics: [MetricSpec(name: "requests", target: 100, targetType: targetType)], policy: policy,
            safety: safety)
    }
}

extension SafetyLimits {
    static let free = SafetyLimits(
        cooldown: .zero, maxScaleUpRate: .replicas(1_000), maxScaleDownRate: .replicas(1_000),
        scaleUpStabilization: .zero, scaleDownStabilization: .zero
    )
}

extension Backtest {
    /// Returns every step of a run, and the summary.
    func steps() -> (steps: [BacktestStep], summary: BacktestSummary) {
        var steps: [BacktestStep] = []
        let summary = run { steps.append($0) }
        return (steps, summary)
    }
}
