/// The validated settings of a scaler, with all defaults.
package struct ScalingSpec: Sendable {
    /// The minimum replicas; at least 0.
    package var minReplicas: Int
    /// The maximum replicas; at least `max(minReplicas, 1)`.
    package var maxReplicas: Int
    package var pollingInterval: Duration
    package var isPaused: Bool
    /// Whether every step runs, but the replicas are not patched.
    package var isDryRun: Bool
    /// The metrics that recommend replicas: 1 to 20, with names distinct from each other and from ``inputs``.
    package var metrics: [MetricSpec]
    /// The metrics that are only read, for formulas and the policy.
    package var inputs: [InputSpec]
    package var policy: any ScalingPolicy
    package var safety: SafetyLimits
    package var fallback: FallbackSpec
    /// The first that is active counts, field by field.
    package var schedules: [Schedule]
    /// Nil for none.
    package var forecast: ForecastSpec?

    package init(
        minReplicas: Int = 1,
        maxReplicas: Int,
        pollingInterval: Duration = .seconds(15),
        isPaused: Bool = false,
        isDryRun: Bool = false,
        metrics: [MetricSpec],
        inputs: [InputSpec] = [],
        policy: any ScalingPolicy = SLOPolicy(),
        safety: SafetyLimits = SafetyLimits(),
        fallback: FallbackSpec = FallbackSpec(),
        schedules: [Schedule] = [],
        forecast: ForecastSpec? = nil
    ) {
        self.minReplicas = minReplicas
        self.maxReplicas = maxReplicas
        self.pollingInterval = pollingInterval
        self.isPaused = isPaused
        self.isDryRun = isDryRun
        self.metrics = metrics
        self.inputs = inputs
        self.policy = policy
        self.safety = safety
        self.fallback = fallback
        self.schedules = schedules
        self.forecast = forecast
    }
}

/// A metric and its target.
package struct MetricSpec: Sendable, Hashable {
    /// The relation of a metric's value to replicas.
    package enum TargetType: String, Sendable, Hashable, CaseIterable {
        /// The value is per replica, such as requests per second and replica.
        case value = "Value"
        /// The value is a total that is divided by the replicas, such as a queue's length.
        case averageValue = "AverageValue"
    }

    package var name: String
    /// The target, greater than 0, in the metric's unit.
    package var target: Double
    package var targetType: TargetType
    /// The value above which the metric requests a first replica at 0 replicas.
    package var activation: Double
    /// The maximum age; an older observation counts as no data. Unused for a formula, whose inputs have their own.
    package var maxAge: Duration
    /// Computes the value from other metrics; nil for a metric that is read.
    package var formula: Formula?

    package init(
        name: String,
        target: Double,
        targetType: TargetType,
        activation: Double = 0,
        maxAge: Duration = .seconds(60),
        formula: Formula? = nil
    ) {
        self.name = name
        self.target = target
        self.targetType = targetType
        self.activation = activation
        self.maxAge = maxAge
        self.formula = formula
    }
}

/// A metric without a target: an input of formulas, or of the policy's objective.
package struct InputSpec: Sendable, Hashable {
    package var name: String
    /// An older observation counts as no data.
    package var maxAge: Duration

    package init(name: String, maxAge: Duration = .seconds(60)) {
        self.name = name
        self.maxAge = maxAge
    }
}

/// The maximum number of replicas that one scaling event may add or remove.
package enum RateLimit: Sendable, Hashable {
    case replicas(Int)
    /// A percentage of the current replicas, rounded up.
    case percent(Int)
    case larger(replicas: Int, percent: Int)

    /// Returns the maximum number of replicas that one scaling event may add or remove, up to `Int32.max`. 0 forbids
    /// the direction. Does not limit the step to 0 replicas.
    package func step(from current: Int) -> Int {
        let step =
            switch self {
            case .replicas(let count): count
            case .percent(let percent): Self.share(percent, of: current)
            case .larger(let count, let percent): max(count, Self.share(percent, of: current))
            }
        return min(step, Int(Int32.max))
    }

    private static func share(_ percent: Int, of current: Int) -> Int {
        let (product, overflow) = percent.multipliedReportingOverflow(by: current)
        guard !overflow else { return Int(Int32.max) }
        let (quotient, remainder) = product.quotientAndRemainder(dividingBy: 100)
        return remainder > 0 ? quotient + 1 : quotient
    }
}

/// The recommendation if the metrics have failed for too long.
package struct FallbackSpec: Sendable, Hashable {
    package enum Behavior: String, Sendable, Hashable, CaseIterable {
        case hold = "Hold"
        case `static` = "Static"
        case staticIfHigher = "StaticIfHigher"
        case staticIfLower = "StaticIfLower"
    }

    /// The number of consecutive polls without a value.
    package var failureThreshold: Int
    /// The replicas; unused for `hold`.
    package var replicas: Int
    package var behavior: Behavior

    /// The minimum time without a value, even if polls are frequent.
    package static let minimumFailureTime: Duration = .seconds(180)

    package init(failureThreshold: Int = 3, replicas: Int = 0, behavior: Behavior = .hold) {
        self.failureThreshold = failureThreshold
        self.replicas = replicas
        self.behavior = behavior
    }
}
