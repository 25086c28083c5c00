/// The validated settings of a scaler, with every default filled in.
package struct ScalingSpec: Sendable {
    /// At least 0.
    package var minReplicas: Int
    /// At least `max(minReplicas, 1)`.
    package var maxReplicas: Int
    package var pollingInterval: Duration
    package var isPaused: Bool
    /// Every step runs, but the replicas are not patched.
    package var isDryRun: Bool
    /// 1 to 20, with distinct names.
    package var metrics: [MetricSpec]
    package var policy: any ScalingPolicy
    package var safety: SafetyLimits
    package var fallback: FallbackSpec
    /// The first that is active counts, field by field.
    package var schedules: [Schedule]

    package init(
        minReplicas: Int = 1,
        maxReplicas: Int,
        pollingInterval: Duration = .seconds(15),
        isPaused: Bool = false,
        isDryRun: Bool = false,
        metrics: [MetricSpec],
        policy: any ScalingPolicy = SLOPolicy(),
        safety: SafetyLimits = SafetyLimits(),
        fallback: FallbackSpec = FallbackSpec(),
        schedules: [Schedule] = []
    ) {
        self.minReplicas = minReplicas
        self.maxReplicas = maxReplicas
        self.pollingInterval = pollingInterval
        self.isPaused = isPaused
        self.isDryRun = isDryRun
        self.metrics = metrics
        self.policy = policy
        self.safety = safety
        self.fallback = fallback
        self.schedules = schedules
    }
}

/// A metric and its target.
package struct MetricSpec: Sendable, Hashable {
    /// The relation of a metric's value to replicas.
    package enum TargetType: String, Sendable, Hashable, CaseIterable {
        /// The value as it is, such as requests per second and replica.
        case value = "Value"
        /// The value divided by the replicas, such as a queue's length.
        case averageValue = "AverageValue"
    }

    package var name: String
    /// Greater than 0; in the metric's own unit.
    package var target: Double
    package var targetType: TargetType
    /// At 0 replicas the metric asks for a first one when it is above this.
    package var activation: Double
    /// An older observation counts as no data.
    package var maxAge: Duration

    package init(
        name: String,
        target: Double,
        targetType: TargetType,
        activation: Double = 0,
        maxAge: Duration = .seconds(60)
    ) {
        self.name = name
        self.target = target
        self.targetType = targetType
        self.activation = activation
        self.maxAge = maxAge
    }
}

/// The maximum number of replicas that one scaling event may add or remove.
package enum RateLimit: Sendable, Hashable {
    case replicas(Int)
    /// Of the current replicas, rounded up.
    case percent(Int)
    case larger(replicas: Int, percent: Int)

    /// Returns the most replicas one scaling may add or remove, up to `Int32.max`. 0 forbids the direction; the step to
    /// 0 replicas is not bounded by it.
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

/// The limits that the SafeScaler keeps.
package struct SafetyLimits: Sendable, Hashable {
    /// Where given, holds any scaling after any scaling, unless the direction has a cooldown of its own.
    package var cooldown: Duration?
    package var scaleUpCooldown: Duration?
    package var scaleDownCooldown: Duration?
    package var maxScaleUpRate: RateLimit
    package var maxScaleDownRate: RateLimit
    package var scaleUpStabilization: Duration
    package var scaleDownStabilization: Duration

    package static let defaultScaleUpCooldown: Duration = .seconds(15)
    package static let defaultScaleDownCooldown: Duration = .seconds(300)
    package static let defaultScaleUpRate: RateLimit = .larger(replicas: 4, percent: 100)
    package static let defaultScaleDownRate: RateLimit = .percent(50)
    package static let defaultScaleDownStabilization: Duration = .seconds(300)

    package init(
        cooldown: Duration? = nil,
        scaleUpCooldown: Duration? = nil,
        scaleDownCooldown: Duration? = nil,
        maxScaleUpRate: RateLimit = SafetyLimits.defaultScaleUpRate,
        maxScaleDownRate: RateLimit = SafetyLimits.defaultScaleDownRate,
        scaleUpStabilization: Duration = .zero,
        scaleDownStabilization: Duration = SafetyLimits.defaultScaleDownStabilization
    ) {
        self.cooldown = cooldown
        self.scaleUpCooldown = scaleUpCooldown
        self.scaleDownCooldown = scaleDownCooldown
        self.maxScaleUpRate = maxScaleUpRate
        self.maxScaleDownRate = maxScaleDownRate
        self.scaleUpStabilization = scaleUpStabilization
        self.scaleDownStabilization = scaleDownStabilization
    }

    /// The wait before a scale-down, and the time without activity before replicas go to 0.
    package var effectiveScaleDownCooldown: Duration {
        scaleDownCooldown ?? cooldown ?? Self.defaultScaleDownCooldown
    }
}

/// The recommendation when the metrics have failed for too long.
package struct FallbackSpec: Sendable, Hashable {
    package enum Behavior: String, Sendable, Hashable, CaseIterable {
        case hold = "Hold"
        case `static` = "Static"
        case staticIfHigher = "StaticIfHigher"
        case staticIfLower = "StaticIfLower"
    }

    /// Polls in a row without a value.
    package var failureThreshold: Int
    /// Of no meaning for `hold`.
    package var replicas: Int
    package var behavior: Behavior

    /// However short the polls, a metric has to be without a value for this long.
    package static let minimumFailureTime: Duration = .seconds(180)

    package init(failureThreshold: Int = 3, replicas: Int = 0, behavior: Behavior = .hold) {
        self.failureThreshold = failureThreshold
        self.replicas = replicas
        self.behavior = behavior
    }
}
