package import Scaling
package import WireFormats

/// The validated `spec` of a GeneralScaler, with all defaults that do not depend on plugins.
package struct GeneralScalerSpec: Sendable {
    package var target: TargetReference
    package var minReplicas: Int
    package var maxReplicas: Int
    package var pollingInterval: Duration
    package var isPaused: Bool
    package var mode: Mode
    /// Those that plugins read, in the order of the spec.
    package var metrics: [MetricSourceSpec]
    /// Those that are computed from them.
    package var formulas: [FormulaMetricSpec]
    package var policy: any ScalingPolicy
    /// What one replica consumes under shared budgets, by unit.
    package var consumption: [String: BudgetAmount]
    package var safety: SafetyLimits
    package var fallback: FallbackSpec
    /// With the time zones as they were found when the spec was read.
    package var schedules: [Schedule]
    /// Nil for none.
    package var forecast: ForecastSpec?

    package enum Mode: String, Sendable, CaseIterable {
        case active = "Active"
        case dryRun = "DryRun"
    }

    /// The limits of the resource; the CRD's schema repeats them.
    package enum Limits {
        package static let pollingIntervalSeconds = 1...3_600
        package static let metrics = 1...20
        package static let timeoutSeconds = 1...300
        package static let maxAgeSeconds = 1...86_400
        package static let stabilizationSeconds = 0...3_600
        package static let cooldownSeconds = 0...86_400
        package static let failureThreshold = 1...1_000
        package static let replicas = 0...Int(Int32.max)
        package static let upRatePercent = 0...1_000_000
        package static let downRatePercent = 0...100
        package static let schedules = 20
        package static let exceptDates = 366
        package static let horizonSeconds = 15...3_600
        package static let historyDays = 1...21
        package static let quantile = 0.5...0.999
        package static let maxIncreasePercent = 1...1_000
        package static let scheduleSeconds = 60...366 * 86_400
        /// Of all schedules, how many edges are looked at for contradictions, from 2026 on.
        static let checkedEdges = 400
        /// Of each schedule, how many edges are followed into its windows, and how many edges of all there.
        static let checkedEdgesOfRare = 16
        static let checkedEdgesInWindow = 40
        package static let consumptionUnits = 16
        static let checkedFrom = Timestamp(microsecondsSince1970: 1_767_225_600_000_000)
        /// The limits of a metric's config. A request to a plugin has at most 60 KiB, and each value of a config takes
        /// memory.
        package static let config = JSONLimits(bytes: 60 << 10, nodes: 2_048, depth: 16)
    }

    package static let defaultPollingInterval: Duration = .seconds(15)
}

/// An entry of `metrics` that a plugin reads, as written.
package struct MetricSourceSpec: Sendable, Hashable {
    /// Where it is in `metrics`.
    package var index: Int
    package var type: String
    package var name: String
    package var config: JSON
    /// The target; nil for an input, which recommends no replicas.
    package var targetValue: Double?
    /// The target type; nil for the plugin's default.
    package var targetType: MetricSpec.TargetType?
    package var activationValue: Double
    package var timeout: Duration
    /// The maximum age; nil for a default from the polling interval and the plugin.
    package var maxAge: Duration?

    package static let defaultTimeout: Duration = .seconds(10)
    /// The minimum of the default maximum age.
    package static let minimumMaxAge: Duration = .seconds(60)

    package init(
        index: Int,
        type: String,
        name: String,
        config: JSON,
        targetValue: Double?,
        targetType: MetricSpec.TargetType? = nil,
        activationValue: Double = 0,
        timeout: Duration = MetricSourceSpec.defaultTimeout,
        maxAge: Duration? = nil
    ) {
        self.index = index
        self.type = type
        self.name = name
        self.config = config
        self.targetValue = targetValue
        self.targetType = targetType
        self.activationValue = activationValue
        self.timeout = timeout
        self.maxAge = maxAge
    }

    /// The place in the spec, such as `spec.metrics[0]`.
    package var path: String { "spec.metrics[\(index)]" }
}
