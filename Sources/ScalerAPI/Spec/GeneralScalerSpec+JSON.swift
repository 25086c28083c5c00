import Scaling
package import WireFormats

extension GeneralScalerSpec {
    /// The spec as a user could write it: with every value that is no default, and with each metric's name.
    ///
    /// - Parameter configs: whether the configs of metrics are included. They may have literal credentials.
    package func json(configs: Bool) -> JSON {
        var spec: [String: JSON] = [
            "minReplicas": .integer(Int64(minReplicas)), "maxReplicas": .integer(Int64(maxReplicas)),
            "metrics": .array(metricEntries(configs: configs)),
        ]
        if target.apiVersion == "apps/v1", target.kind == "Deployment" {
            spec["targetDeployment"] = .string(target.name)
        } else {
            spec["targetRef"] = [
                "apiVersion": .string(target.apiVersion), "kind": .string(target.kind), "name": .string(target.name),
            ]
        }
        if pollingInterval != Self.defaultPollingInterval { spec["pollingIntervalSeconds"] = .seconds(pollingInterval) }
        if isPaused { spec["paused"] = true }
        if mode != .active { spec["mode"] = .string(mode.rawValue) }
        spec["policy"] = policyEntry
        if !consumption.isEmpty {
            spec["consumption"] = .object(consumption.mapValues { .shortest($0.units) })
        }
        spec["safety"] = safety.json
        spec["fallback"] = fallback.json
        if !schedules.isEmpty { spec["schedules"] = .array(schedules.map(\.json)) }
        spec["forecast"] = forecast?.json
        return .object(spec)
    }

    private func metricEntries(configs: Bool) -> [JSON] {
        let entries =
            metrics.map { ($0.index, $0.json(config: configs)) } + formulas.map { ($0.index, $0.json) }
        return entries.sorted { $0.0 < $1.0 }.map { .object($0.1) }
    }

    /// Nil for the default policy with the default config.
    private var policyEntry: JSON? {
        guard let policy = policy as? any ConfigurablePolicy else { return nil }
        let type = Swift.type(of: policy).type
        let config = policy.config
        if type == PolicyRegistry.standard.policies[0].type, config == [:] { return nil }
        return config == [:] ? ["type": .string(type)] : ["type": .string(type), "config": config]
    }
}

extension MetricSourceSpec {
    fileprivate func json(config isIncluded: Bool) -> [String: JSON] {
        var entry: [String: JSON] = ["type": .string(type), "name": .string(name)]
        if isIncluded, config != [:] { entry["config"] = config }
        entry["targetValue"] = targetValue.map(JSON.shortest)
        entry["targetType"] = targetType.map { .string($0.rawValue) }
        if activationValue != 0 { entry["activationValue"] = .shortest(activationValue) }
        if timeout != Self.defaultTimeout { entry["timeoutSeconds"] = .seconds(timeout) }
        entry["maxAgeSeconds"] = maxAge.map(JSON.seconds)
        return entry
    }
}

extension FormulaMetricSpec {
    fileprivate var json: [String: JSON] {
        var entry: [String: JSON] = [
            "name": .string(name), "formula": .string(formula.text), "targetValue": .shortest(targetValue),
            "targetType": .string(targetType.rawValue),
        ]
        if activationValue != 0 { entry["activationValue"] = .shortest(activationValue) }
        return entry
    }
}

extension SafetyLimits {
    fileprivate var json: JSON? {
        var safety: [String: JSON] = [:]
        safety["cooldownSeconds"] = cooldown.map(JSON.seconds)
        safety["scaleUpCooldownSeconds"] = scaleUpCooldown.map(JSON.seconds)
        safety["scaleDownCooldownSeconds"] = scaleDownCooldown.map(JSON.seconds)
        if maxScaleUpRate != Self.defaultScaleUpRate { safety["maxScaleUpRate"] = maxScaleUpRate.json }
        if maxScaleDownRate != Self.defaultScaleDownRate { safety["maxScaleDownRate"] = maxScaleDownRate.json }
        if scaleUpStabilization != .zero { safety["scaleUpStabilizationSeconds"] = .seconds(scaleUpStabilization) }
        if scaleDownStabilization != Self.defaultScaleDownStabilization {
            safety["scaleDownStabilizationSeconds"] = .seconds(scaleDownStabilization)
        }
        return safety.isEmpty ? Optional.none : .object(safety)
    }
}

extension RateLimit {
    /// Nil for the default of scale-ups, which cannot be written.
    fileprivate var json: JSON? {
        switch self {
        case .replicas(let count): .integer(Int64(count))
        case .percent(let percent): .string("\(percent)%")
        case .larger: nil
        }
    }
}

extension FallbackSpec {
    fileprivate var json: JSON? {
        var fallback: [String: JSON] = [:]
        if failureThreshold != FallbackSpec().failureThreshold {
            fallback["failureThreshold"] = .integer(Int64(failureThreshold))
        }
        if behavior != .hold { fallback["behavior"] = .string(behavior.rawValue) }
        if behavior != .hold || replicas != 0 { fallback["replicas"] = .integer(Int64(replicas)) }
        return fallback.isEmpty ? Optional.none : .object(fallback)
    }
}

extension Schedule {
    fileprivate var json: JSON {
        var schedule: [String: JSON] = ["name": .string(name), "start": .string(start.text)]
        switch end {
        case .at(let times): schedule["end"] = .string(times.text)
        case .after(let duration): schedule["duration"] = .string(Self.text(duration))
        }
        if zone.name != UniversalTime().name { schedule["timeZone"] = .string(zone.name) }
        if !exceptDates.isEmpty { schedule["exceptDates"] = .array(exceptDates.sorted().map { .string("\($0)") }) }
        schedule["minReplicas"] = minReplicas.map { .integer(Int64($0)) }
        schedule["maxReplicas"] = maxReplicas.map { .integer(Int64($0)) }
        if !targets.isEmpty { schedule["targets"] = .object(targets.mapValues(JSON.shortest)) }
        return .object(schedule)
    }

    /// Such as `1h30m`.
    private static func text(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        let parts = [(seconds / 3_600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")]
        return parts.filter { $0.0 > 0 }.map { "\($0.0)\($0.1)" }.joined()
    }
}

extension ForecastSpec {
    fileprivate var json: JSON {
        var forecast: [String: JSON] = ["mode": .string(mode.rawValue)]
        forecast["metrics"] = metrics.map { .array($0.map(JSON.string)) }
        forecast["horizonSeconds"] = horizon.map(JSON.seconds)
        if historyDays != Self.defaultHistoryDays { forecast["historyDays"] = .integer(Int64(historyDays)) }
        if quantile != Self.defaultQuantile { forecast["quantile"] = .shortest(quantile) }
        if maxIncrease != Self.defaultMaxIncrease {
            forecast["maxIncreasePercent"] = .integer(Int64((maxIncrease * 100).rounded()))
        }
        return .object(forecast)
    }
}

extension JSON {
    /// The number without a fraction that it does not have.
    static func shortest(_ value: Double) -> JSON { Int64(exactly: value).map(JSON.integer) ?? .number(value) }

    fileprivate static func seconds(_ duration: Duration) -> JSON { .integer(duration.components.seconds) }
}
