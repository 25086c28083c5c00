package import Scaling
package import WireFormats

/// `spec` of a GeneralScaler: checked, with every default filled in that needs no plugin to know.
package struct GeneralScalerSpec: Sendable {
    package var target: TargetReference
    package var minReplicas: Int
    package var maxReplicas: Int
    package var pollingInterval: Duration
    package var isPaused: Bool
    package var mode: Mode
    package var metrics: [MetricSourceSpec]
    package var policy: any ScalingPolicy
    package var safety: SafetyLimits
    package var fallback: FallbackSpec
    /// With the time zones as they were found when the spec was read.
    package var schedules: [Schedule]

    package enum Mode: String, Sendable, CaseIterable {
        case active = "Active"
        case dryRun = "DryRun"
    }

    /// The bounds of the resource; the CRD's schema repeats them.
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
        package static let scheduleSeconds = 60...366 * 86_400
        /// Of all schedules, how many edges are looked at for contradictions, from 2026 on.
        static let checkedEdges = 400
        static let checkedFrom = Timestamp(microsecondsSince1970: 1_767_225_600_000_000)
        /// Of a metric's config. A request to a plugin has 60 KiB, and a config costs memory for each of its values.
        package static let config = JSONLimits(bytes: 60 << 10, nodes: 2_048, depth: 16)
    }

    package static let defaultPollingInterval: Duration = .seconds(15)
}

/// An entry of `metrics`, as written.
package struct MetricSourceSpec: Sendable, Hashable {
    package var type: String
    package var name: String
    package var config: JSON
    package var targetValue: Double
    /// Nil: what the plugin says.
    package var targetType: MetricSpec.TargetType?
    package var activationValue: Double
    package var timeout: Duration
    /// Nil: from the polling interval and what the plugin says.
    package var maxAge: Duration?

    package static let defaultTimeout: Duration = .seconds(10)
    /// The minimum age at which a reading may count as stale, if the metric sets none.
    package static let minimumMaxAge: Duration = .seconds(60)

    package init(
        type: String,
        name: String,
        config: JSON,
        targetValue: Double,
        targetType: MetricSpec.TargetType? = nil,
        activationValue: Double = 0,
        timeout: Duration = MetricSourceSpec.defaultTimeout,
        maxAge: Duration? = nil
    ) {
        self.type = type
        self.name = name
        self.config = config
        self.targetValue = targetValue
        self.targetType = targetType
        self.activationValue = activationValue
        self.timeout = timeout
        self.maxAge = maxAge
    }

    /// Returns what the engine needs to know of the metric.
    ///
    /// - Parameters:
    ///   - declaredTargetType: the plugin's target type for this config; used if the metric sets none.
    ///   - declaredMaxAge: the plugin's own, if its source is slow.
    package func resolved(
        declaredTargetType: MetricSpec.TargetType, declaredMaxAge: Duration?, pollingInterval: Duration
    ) -> MetricSpec {
        MetricSpec(
            name: name,
            target: targetValue,
            targetType: targetType ?? declaredTargetType,
            activation: activationValue,
            maxAge: maxAge ?? max(Self.minimumMaxAge, pollingInterval * 3, declaredMaxAge ?? .zero)
        )
    }
}
