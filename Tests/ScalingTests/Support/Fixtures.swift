import Scaling
import Testing

/// Returns a time in seconds after a fixed start, so that rows read as a sequence.
func at(_ seconds: Int) -> Timestamp {
    Timestamp(microsecondsSince1970: 1_767_225_600_000_000 + Int64(seconds) * 1_000_000)
}

/// The result of one poll of one metric in a table row: `140` is a fresh value, `nil` is no data.
enum Reading: Sendable, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByNilLiteral {
    case fresh(Double)
    /// An assumed value in place of a missing one.
    case assumed(Double)
    case aged(Double, seconds: Int)
    case noData
    case failed

    init(integerLiteral value: Int) { self = .fresh(Double(value)) }
    init(floatLiteral value: Double) { self = .fresh(value) }
    init(nilLiteral: ()) { self = .noData }

    func observed(at now: Timestamp) -> MetricObservation {
        switch self {
        case .fresh(let value): .value(value, observedAt: now)
        case .assumed(let value): .assumed(value, observedAt: now)
        case .aged(let value, let seconds): .value(value, observedAt: now + .seconds(-seconds))
        case .noData: .noData("the query gave no result")
        case .failed: .failed("connection refused")
        }
    }
}

extension MetricSpec {
    /// Requests per second and replica, with a target of 100.
    static let rate = MetricSpec(name: "rate", target: 100, targetType: .value)
    static let latency = MetricSpec(name: "latency", target: 0.2, targetType: .value)
    /// Queued messages, with a target of 10 per replica.
    static let queue = MetricSpec(name: "queue", target: 10, targetType: .averageValue)
    static let errors = MetricSpec(name: "errors-5m", target: 1, targetType: .value)
    static let longErrors = MetricSpec(name: "errors-1h", target: 1, targetType: .value)

    func activating(above activation: Double) -> MetricSpec {
        var copy = self
        copy.activation = activation
        return copy
    }
}

extension SafetyLimits {
    /// No limit applies: a test then sets the one under test.
    static let free = SafetyLimits(
        cooldown: .zero, maxScaleUpRate: .replicas(1_000), maxScaleDownRate: .replicas(1_000),
        scaleUpStabilization: .zero, scaleDownStabilization: .zero
    )

    func with(_ change: (inout SafetyLimits) -> Void) -> SafetyLimits {
        var copy = self
        change(&copy)
        return copy
    }
}

extension ErrorBudget {
    /// 0.1% of requests may fail.
    static let threeNines = ErrorBudget(metric: "errors-5m", longMetric: "errors-1h", percent: 99.9)
}

extension ScalingHistory {
    /// A scaler that has seen its target above 0.
    static let running = ScalingHistory(hasSeenReplicas: true)
}

/// One row of a decision table: the input, and the expected result.
struct Row: Sendable, CustomTestStringConvertible {
    let name: String
    var input: DecisionInput
    let desired: Int
    let limitedBy: [Cause]

    init(
        _ name: String,
        _ current: Int,
        ready: Int? = nil,
        _ readings: [Reading],
        metrics: [MetricSpec] = [.rate],
        bounds: ClosedRange<Int> = 1...100,
        policy: any ScalingPolicy = SLOPolicy(),
        safety: SafetyLimits = .free,
        fallback: FallbackSpec = FallbackSpec(),
        history: ScalingHistory = .running,
        paused: Bool = false,
        dryRun: Bool = false,
        holds: [Cause] = [],
        gives desired: Int,
        _ limitedBy: Cause...
    ) {
        self.name = name
        self.desired = desired
        self.limitedBy = limitedBy
        let now = at(0)
        input = DecisionInput(
            spec: ScalingSpec(
                minReplicas: bounds.lowerBound, maxReplicas: bounds.upperBound, isPaused: paused, isDryRun: dryRun,
                metrics: metrics, policy: policy, safety: safety, fallback: fallback
            ),
            now: now,
            current: current,
            ready: ready ?? current,
            observations: readings.map { $0.observed(at: now) },
            history: history,
            holds: holds
        )
    }

    var testDescription: String { name }

    func decide() -> Decision { DecisionEngine.decide(input).decision }
}
