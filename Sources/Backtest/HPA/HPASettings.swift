import Scaling
package import WireFormats

/// The rules of a HorizontalPodAutoscaler for one direction.
package struct HPARules: Sendable, Hashable {
    package enum Select: String, Sendable {
        case max = "Max"
        case min = "Min"
        case disabled = "Disabled"
    }

    package struct Policy: Sendable, Hashable {
        package var isPercent: Bool
        package var value: Int
        package var period: Duration

        package init(isPercent: Bool, value: Int, period: Duration) {
            self.isPercent = isPercent
            self.value = value
            self.period = period
        }
    }

    package var stabilization: Duration
    package var select: Select
    package var policies: [Policy]
    /// How far the ratio may differ from 1 without a change; nil for the cluster's.
    package var tolerance: Double?

    /// Twice the replicas or 4 more in 15 s, without stabilization.
    package static let defaultUp = HPARules(
        stabilization: .zero, select: .max,
        policies: [
            Policy(isPercent: true, value: 100, period: .seconds(15)),
            Policy(isPercent: false, value: 4, period: .seconds(15)),
        ], tolerance: nil)
    /// All replicas in 15 s, after 300 s of stabilization.
    package static let defaultDown = HPARules(
        stabilization: .seconds(300), select: .max,
        policies: [Policy(isPercent: true, value: 100, period: .seconds(15))], tolerance: nil)

    package init(stabilization: Duration, select: Select, policies: [Policy], tolerance: Double?) {
        self.stabilization = stabilization
        self.select = select
        self.policies = policies
        self.tolerance = tolerance
    }

    /// Reads `scaleUp` or `scaleDown`; what is absent has the default.
    package init(_ json: JSON?, default rules: HPARules) {
        self = rules
        if let seconds = json?["stabilizationWindowSeconds"]?.intValue { stabilization = .seconds(seconds) }
        if let name = json?["selectPolicy"]?.stringValue, let found = Select(rawValue: name) { select = found }
        if let list = json?["policies"]?.arrayValue, !list.isEmpty {
            policies = list.compactMap { policy in
                guard let value = policy["value"]?.intValue, let period = policy["periodSeconds"]?.intValue else {
                    return nil
                }
                return Policy(isPercent: policy["type"] == "Percent", value: value, period: .seconds(period))
            }
        }
        tolerance = json?["tolerance"]?.doubleValue ?? json?["tolerance"]?.stringValue.flatMap { Double($0) }
    }

    var longestPeriod: Duration { policies.map(\.period).max() ?? .zero }
}

/// The settings of a HorizontalPodAutoscaler, and of KEDA if it belongs to a ScaledObject.
package struct HPASettings: Sendable, Hashable {
    /// What KEDA does beside the HPA: from 0 and to 0.
    package struct KEDA: Sendable, Hashable {
        package var pollingInterval: Duration
        package var cooldown: Duration
        package var initialCooldown: Duration
        /// The replicas of an idle target; nil if it keeps its minimum.
        package var idleReplicas: Int?

        package init(pollingInterval: Duration, cooldown: Duration, initialCooldown: Duration, idleReplicas: Int?) {
            self.pollingInterval = pollingInterval
            self.cooldown = cooldown
            self.initialCooldown = initialCooldown
            self.idleReplicas = idleReplicas
        }
    }

    package var minReplicas: Int
    package var maxReplicas: Int
    package var up: HPARules
    package var down: HPARules
    /// The cluster's tolerance.
    package var tolerance = 0.1
    package var syncPeriod: Duration = .seconds(15)
    /// The minor version of Kubernetes 1.
    package var kubernetesMinor: Int
    package var keda: KEDA?

    /// From this version on the feature gate HPAScaleToZero exists. It is alpha up to 1.36, and without it the API server
    /// refuses `minReplicas: 0`, so that a cluster with such an HPA has it enabled.
    package static let scaleToZeroMinor = 16
    /// From this version on `behavior` may have a tolerance without a feature gate.
    package static let toleranceMinor = 35
    package static let defaultKubernetesMinor = 35

    package init(
        minReplicas: Int, maxReplicas: Int, behavior: JSON? = nil,
        kubernetesMinor: Int = HPASettings.defaultKubernetesMinor, keda: KEDA? = nil
    ) {
        let allowsZero = kubernetesMinor >= Self.scaleToZeroMinor && keda == nil
        self.minReplicas = allowsZero ? minReplicas : max(minReplicas, 1)
        self.maxReplicas = maxReplicas
        up = HPARules(behavior?["scaleUp"], default: .defaultUp)
        down = HPARules(behavior?["scaleDown"], default: .defaultDown)
        if kubernetesMinor < Self.toleranceMinor {
            up.tolerance = nil
            down.tolerance = nil
        }
        self.kubernetesMinor = kubernetesMinor
        self.keda = keda
    }
}
