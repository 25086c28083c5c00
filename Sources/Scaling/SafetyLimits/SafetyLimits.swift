/// The limits that the SafeScaler enforces.
package struct SafetyLimits: Sendable, Hashable {
    /// The minimum time between any two scaling events, unless the direction has its own cooldown.
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

    /// The cooldown before a scale-down, and the time without activity before scaling to 0.
    package var effectiveScaleDownCooldown: Duration {
        scaleDownCooldown ?? cooldown ?? Self.defaultScaleDownCooldown
    }
}
