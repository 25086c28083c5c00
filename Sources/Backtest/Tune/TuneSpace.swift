package import Scaling
package import WireFormats

/// The fields of a spec that a search changes, and the values that it tries for each.
package struct TuneSpace: Sendable {
    /// A value for a field, as changes to the spec. No changes keep the value of the spec.
    package struct Option: Sendable, Hashable {
        package let label: String
        package let changes: [SpecChange]
    }

    package struct Axis: Sendable {
        package let title: String
        package let options: [Option]
        /// The option that keeps the value of the spec.
        package let own: Int
        /// Whether neighboring options are similar, so that a search goes step by step.
        let isOrdered: Bool
    }

    package let axes: [Axis]
    /// The spec as written.
    let base: JSON

    /// Factors for the targets. The replicas' capacity stays the same.
    private static let targetFactors = [
        0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1, 1.05, 1.1, 1.2,
    ]
    private static let stabilizationSeconds = [0, 120, 300, 600, 900, 1_200, 1_800, 2_700, 3_600]
    private static let scaleUpCooldowns = [0, 60]
    private static let scaleDownCooldowns = [60, 300, 900]
    private static let scaleUpRates: [JSON] = ["100%", "300%"]
    private static let scaleDownRates: [JSON] = [1, "10%", "50%", "100%"]
    static let targets = 0
    static let stabilization = 1
    static let schedules = 6
    static let forecast = 7

    /// - Parameters:
    ///   - base: the spec as written.
    ///   - spec: the same spec for the engine.
    ///   - schedules: entries to try at the end of `schedules`.
    package init(base: JSON, spec: ScalingSpec, schedules: [JSON]) {
        self.base = base
        let safety = spec.safety
        axes = [
            Self.targetAxis(base, spec),
            Self.secondsAxis(
                "scaleDownStabilizationSeconds", Self.stabilizationSeconds,
                own: safety.scaleDownStabilization, isOrdered: true),
            Self.secondsAxis(
                "scaleUpCooldownSeconds", Self.scaleUpCooldowns,
                own: safety.scaleUpCooldown ?? safety.cooldown ?? SafetyLimits.defaultScaleUpCooldown, isOrdered: false),
            Self.secondsAxis(
                "scaleDownCooldownSeconds", Self.scaleDownCooldowns,
                own: safety.effectiveScaleDownCooldown, isOrdered: false),
            Self.rateAxis("maxScaleUpRate", Self.scaleUpRates, base),
            Self.rateAxis("maxScaleDownRate", Self.scaleDownRates, base),
            Self.scheduleAxis(schedules, base), Self.forecastAxis(base),
        ]
    }

    /// The choice that changes nothing.
    var own: [Int] { axes.map(\.own) }

    /// Returns the changes of a choice of one option per axis.
    package func changes(_ choice: [Int]) -> [SpecChange] {
        zip(axes, choice).flatMap { axis, option in axis.options[option].changes }
    }

    /// Returns the spec with a choice of one option per axis; nil if the spec has no place for a change.
    package func spec(_ choice: [Int]) -> JSON? {
        changes(choice).reduce(base) { spec, change in spec.flatMap { change.applied(to: $0) } }
    }

    /// The coarse grid of targets and stabilization windows that a search begins with.
    var grid: [[Int]] {
        stride(from: 0, to: axes[Self.targets].options.count, by: 2).flatMap { target in
            stride(from: 0, to: axes[Self.stabilization].options.count, by: 2).map { window in
                var choice = own
                choice[Self.targets] = target
                choice[Self.stabilization] = window
                return choice
            }
        }
    }

    /// The spec's own values with every target.
    var targetsAlone: [[Int]] {
        axes[Self.targets].options.indices.map { target in
            var choice = own
            choice[Self.targets] = target
            return choice
        }
    }

    /// The spec's own values with every other schedule and forecast. A long trace leaves few runs after the grid.
    var switches: [[Int]] {
        [Self.schedules, Self.forecast].flatMap { axis in
            axes[axis].options.indices.filter { $0 != own[axis] }.map { option in
                var choice = own
                choice[axis] = option
                return choice
            }
        }
    }

    /// Returns the choices that differ in one option: by one step on an ordered axis, by any on another.
    func neighbors(_ choice: [Int]) -> [[Int]] {
        axes.indices.flatMap { axis in
            axes[axis].options.indices.filter { option in
                option != choice[axis] && (!axes[axis].isOrdered || abs(option - choice[axis]) == 1)
            }.map { option in
                var neighbor = choice
                neighbor[axis] = option
                return neighbor
            }
        }
    }

    // MARK: Axes

    private static func targetAxis(_ base: JSON, _ spec: ScalingSpec) -> Axis {
        let demand = spec.policy.demandPolicy
        let objective = demand?.objective.map { [$0.metric, $0.longMetric] } ?? []
        let entries = base["metrics"]?.arrayValue ?? []
        let loads: [(index: Int, target: Double)] = entries.enumerated().compactMap { index, entry in
            let name = entry["name"]?.stringValue ?? ""
            return objective.contains(name) ? nil : entry["targetValue"]?.doubleValue.map { (index, $0) }
        }
        let options = targetFactors.map { factor in
            let targets = loads.map { (index: $0.index, target: threeDigits($0.target * factor)) }
            return Option(
                label: (factor == 1 ? loads.map(\.target) : targets.map(\.target)).map(\.shortText)
                    .joined(separator: ", "),
                changes: factor == 1
                    ? []
                    : targets.map { SpecChange(path: "metrics[\($0.index)].targetValue", value: number($0.target)) })
        }
        return Axis(
            title: "target", options: options, own: targetFactors.firstIndex(of: 1) ?? 0, isOrdered: true)
    }

    private static func secondsAxis(_ field: String, _ values: [Int], own: Duration, isOrdered: Bool) -> Axis {
        let ownSeconds = Int(own.components.seconds)
        let seconds = Set(values + [ownSeconds]).sorted()
        let options = seconds.map { value in
            Option(
                label: "\(value)",
                changes: value == ownSeconds
                    ? [] : [SpecChange(path: "safety.\(field)", value: .integer(Int64(value)))])
        }
        return Axis(
            title: field, options: options, own: seconds.firstIndex(of: ownSeconds) ?? 0, isOrdered: isOrdered)
    }

    private static func rateAxis(_ field: String, _ values: [JSON], _ base: JSON) -> Axis {
        let own = base["safety"]?[field]
        let others = values.filter { $0 != own }
        let options =
            [Option(label: own.map(text) ?? "default", changes: [])]
            + others.map { Option(label: text($0), changes: [SpecChange(path: "safety.\(field)", value: $0)]) }
        return Axis(title: field, options: options, own: 0, isOrdered: false)
    }

    private static func scheduleAxis(_ schedules: [JSON], _ base: JSON) -> Axis {
        let written = base["schedules"]?.arrayValue ?? []
        let options =
            [Option(label: written.isEmpty ? "none" : "as is", changes: [])]
            + schedules.map { schedule in
                Option(
                    label: schedule["name"]?.stringValue ?? "",
                    changes: [SpecChange(path: "schedules", value: .array(written + [schedule]))])
            }
        return Axis(title: "schedule", options: options, own: 0, isOrdered: false)
    }

    /// A forecast on or off. One that only reports decides nothing, so that it need not be switched off.
    private static func forecastAxis(_ base: JSON) -> Axis {
        let own = base["forecast"]?["mode"]?.stringValue ?? ForecastSpec.Mode.off.rawValue
        let other: ForecastSpec.Mode = own == ForecastSpec.Mode.active.rawValue ? .off : .active
        let options = [
            Option(label: own, changes: []),
            Option(
                label: other.rawValue, changes: [SpecChange(path: "forecast.mode", value: .string(other.rawValue))]),
        ]
        return Axis(title: "forecast", options: options, own: 0, isOrdered: false)
    }

    private static func text(_ value: JSON) -> String { value.stringValue ?? value.description }

    private static func number(_ value: Double) -> JSON {
        Int64(exactly: value).map(JSON.integer) ?? .number(value)
    }

    /// Rounds to three significant digits.
    private static func threeDigits(_ value: Double) -> Double {
        guard value > 0, value.isFinite else { return value }
        var scale = 1.0
        while value * scale < 100, scale < 1e12 { scale *= 10 }
        while value * scale >= 1_000, scale > 1e-12 { scale /= 10 }
        return scale >= 1 ? (value * scale).rounded() / scale : (value * scale).rounded() * (1 / scale).rounded()
    }
}
