import Scaling
package import WireFormats

extension GeneralScalerSpec {
    /// Reads and checks a `spec`, by the same rules on every version of the API server. Fields unknown here are left
    /// alone, so that an older operator keeps working on newer objects.
    package static func parse(_ json: JSON) -> Result<GeneralScalerSpec, InvalidSpec> {
        var parser = SpecParser()
        let spec = parser.spec(JSONReader(json, path: "spec"))
        guard let spec, parser.problems.isEmpty else { return .failure(InvalidSpec(problems: parser.problems)) }
        return .success(spec)
    }
}

/// Collects every problem instead of stopping at the first.
private struct SpecParser {
    private(set) var problems: [JSONPathError] = []

    /// The value, or nil after noting the problem.
    private mutating func attempt<Value>(_ read: () throws(JSONPathError) -> Value) -> Value? {
        do throws(JSONPathError) {
            return try read()
        } catch {
            problems.append(error)
            return nil
        }
    }

    private mutating func note(_ path: String, _ message: String) {
        problems.append(JSONPathError(path: path, message: message))
    }

    mutating func spec(_ spec: JSONReader) -> GeneralScalerSpec? {
        guard attempt({ () throws(JSONPathError) in _ = try spec.object() }) != nil else { return nil }
        let target = attempt { () throws(JSONPathError) in try Self.target(spec) }
        let bounds = attempt { () throws(JSONPathError) in try Self.bounds(spec) }
        let interval = attempt { () throws(JSONPathError) in
            try spec.optional("pollingIntervalSeconds").seconds(in: GeneralScalerSpec.Limits.pollingIntervalSeconds)
                ?? GeneralScalerSpec.defaultPollingInterval
        }
        let isPaused = attempt { () throws(JSONPathError) in try spec.optional("paused")?.bool() ?? false }
        let mode = attempt { () throws(JSONPathError) in
            try spec.optional("mode")?.oneOf(GeneralScalerSpec.Mode.self) ?? .active
        }
        let metrics = metrics(spec)
        let policy = attempt { () throws(JSONPathError) in
            try PolicyParser(metricNames: metrics?.map(\.name)).policy(spec)
        }
        let safety = attempt { () throws(JSONPathError) in try Self.safety(spec.optional("safety")) }
        let fallback = attempt { () throws(JSONPathError) in try Self.fallback(spec.optional("fallback")) }
        guard let target, let bounds, let interval, let isPaused, let mode, let metrics, let policy, let safety,
            let fallback
        else { return nil }
        return GeneralScalerSpec(
            target: target,
            minReplicas: bounds.lowerBound,
            maxReplicas: bounds.upperBound,
            pollingInterval: interval,
            isPaused: isPaused,
            mode: mode,
            metrics: metrics,
            policy: policy,
            safety: safety,
            fallback: fallback
        )
    }

    // MARK: Target and bounds

    private static func target(_ spec: JSONReader) throws(JSONPathError) -> TargetReference {
        let deployment = try spec.optional("targetDeployment")
        let reference = try spec.optional("targetRef")
        if let deployment, reference == nil {
            return TargetReference(apiVersion: "apps/v1", kind: "Deployment", name: try deployment.nonEmptyString())
        }
        guard let reference, deployment == nil else {
            throw spec.error("needs exactly one of targetDeployment and targetRef")
        }
        return TargetReference(
            apiVersion: try reference.required("apiVersion").nonEmptyString(),
            kind: try reference.required("kind").nonEmptyString(),
            name: try reference.required("name").nonEmptyString()
        )
    }

    private static func bounds(_ spec: JSONReader) throws(JSONPathError) -> ClosedRange<Int> {
        let lower = try spec.optional("minReplicas")?.int(in: GeneralScalerSpec.Limits.replicas) ?? 1
        let maximum = try spec.required("maxReplicas")
        let upper = try maximum.int(in: 1...Int(Int32.max))
        guard upper >= lower else {
            throw maximum.error("must be at least minReplicas, which is \(lower), not \(upper)")
        }
        return lower...upper
    }

    // MARK: Metrics

    private mutating func metrics(_ spec: JSONReader) -> [MetricSourceSpec]? {
        guard let entries = attempt({ () throws(JSONPathError) in try spec.required("metrics").elements() }) else {
            return nil
        }
        guard GeneralScalerSpec.Limits.metrics.contains(entries.count) else {
            let allowed = GeneralScalerSpec.Limits.metrics
            note(
                "spec.metrics", "must have \(allowed.lowerBound) to \(allowed.upperBound) entries, not \(entries.count)"
            )
            return nil
        }
        let metrics = entries.compactMap { entry in attempt { () throws(JSONPathError) in try Self.metric(entry) } }
        guard metrics.count == entries.count else { return nil }
        return named(metrics)
    }

    private static func metric(_ entry: JSONReader) throws(JSONPathError) -> MetricSourceSpec {
        let target = try entry.required("targetValue")
        guard try target.double() > 0 else { throw target.error("must be greater than 0") }
        return MetricSourceSpec(
            type: try entry.required("type").nonEmptyString(),
            name: try entry.optional("name")?.nonEmptyString() ?? "",
            config: .object(try entry.optional("config")?.object() ?? [:]),
            targetValue: try target.double(),
            targetType: try entry.optional("targetType")?.oneOf(MetricSpec.TargetType.self),
            activationValue: try entry.optional("activationValue")?.double() ?? 0,
            timeout: try entry.optional("timeoutSeconds").seconds(in: GeneralScalerSpec.Limits.timeoutSeconds)
                ?? MetricSourceSpec.defaultTimeout,
            maxAge: try entry.optional("maxAgeSeconds").seconds(in: GeneralScalerSpec.Limits.maxAgeSeconds)
        )
    }

    /// Gives each metric without a name its type, numbered where that is taken.
    private mutating func named(_ metrics: [MetricSourceSpec]) -> [MetricSourceSpec] {
        var taken: Set<String> = []
        for (index, metric) in metrics.enumerated() where !metric.name.isEmpty {
            if !taken.insert(metric.name).inserted {
                note("spec.metrics[\(index)].name", "\"\(metric.name)\" is the name of another metric of this scaler")
            }
        }
        return metrics.map { metric in
            guard metric.name.isEmpty else { return metric }
            var named = metric
            named.name = metric.type
            var number = 2
            while !taken.insert(named.name).inserted {
                named.name = "\(metric.type)-\(number)"
                number += 1
            }
            return named
        }
    }

    // MARK: Safety and fallback

    private static func safety(_ safety: JSONReader?) throws(JSONPathError) -> SafetyLimits {
        guard let safety else { return SafetyLimits() }
        let cooldowns = GeneralScalerSpec.Limits.cooldownSeconds
        let windows = GeneralScalerSpec.Limits.stabilizationSeconds
        let upRate = try safety.optional("maxScaleUpRate")
        let downRate = try safety.optional("maxScaleDownRate")
        return SafetyLimits(
            cooldown: try safety.optional("cooldownSeconds").seconds(in: cooldowns),
            scaleUpCooldown: try safety.optional("scaleUpCooldownSeconds").seconds(in: cooldowns),
            scaleDownCooldown: try safety.optional("scaleDownCooldownSeconds").seconds(in: cooldowns),
            maxScaleUpRate: try upRate.map(rate) ?? SafetyLimits.defaultScaleUpRate,
            maxScaleDownRate: try downRate.map(rate) ?? SafetyLimits.defaultScaleDownRate,
            scaleUpStabilization: try safety.optional("scaleUpStabilizationSeconds").seconds(in: windows) ?? .zero,
            scaleDownStabilization: try safety.optional("scaleDownStabilizationSeconds").seconds(in: windows)
                ?? SafetyLimits.defaultScaleDownStabilization
        )
    }

    private static func rate(_ rate: JSONReader) throws(JSONPathError) -> RateLimit {
        if rate.value.intValue != nil { return .replicas(try rate.int(in: GeneralScalerSpec.Limits.replicas)) }
        guard let text = rate.value.stringValue, text.hasSuffix("%"), let percent = Int(text.dropLast()),
            GeneralScalerSpec.Limits.ratePercent.contains(percent)
        else {
            throw rate.error("must be a number of replicas such as 3, or a percentage in quotes such as \"50%\"")
        }
        return .percent(percent)
    }

    private static func fallback(_ fallback: JSONReader?) throws(JSONPathError) -> FallbackSpec {
        guard let fallback else { return FallbackSpec() }
        let behavior = try fallback.optional("behavior")?.oneOf(FallbackSpec.Behavior.self) ?? .hold
        let replicas = try fallback.optional("replicas")?.int(in: GeneralScalerSpec.Limits.replicas)
        if replicas == nil, behavior != .hold {
            throw JSONPathError(
                path: "\(fallback.path).replicas", message: "is required with behavior \(behavior.rawValue)"
            )
        }
        return FallbackSpec(
            failureThreshold: try fallback.optional("failureThreshold")?
                .int(in: GeneralScalerSpec.Limits.failureThreshold) ?? FallbackSpec().failureThreshold,
            replicas: replicas ?? 0,
            behavior: behavior
        )
    }
}

extension JSONReader? {
    /// Whole seconds as a duration.
    fileprivate func seconds(in range: ClosedRange<Int>) throws(JSONPathError) -> Duration? {
        guard let self else { return nil }
        return .seconds(try self.int(in: range))
    }
}
