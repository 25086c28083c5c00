package import Scaling
package import WireFormats

extension GeneralScalerSpec {
    package enum UnknownFields: Sendable {
        /// Ignored, so that an older operator keeps working with newer objects.
        case ignored
        /// Reported as errors, as `kubectl apply` does.
        case refused
    }

    /// Reads and checks a `spec`, by the same rules on every version of the API server.
    ///
    /// - Parameter zones: the time zones of schedules.
    package static func parse(
        _ json: JSON, unknownFields: UnknownFields = .ignored, policies: PolicyRegistry = .standard,
        zones: any TimeZoneProvider = UniversalTimeOnly()
    ) -> Result<GeneralScalerSpec, InvalidSpec> {
        var parser = SpecParser(policies: policies, zones: zones)
        if unknownFields == .refused { parser.refuseUnknownFields(JSONReader(json, path: "spec")) }
        let spec = parser.spec(JSONReader(json, path: "spec"))
        guard let spec, parser.problems.isEmpty else { return .failure(InvalidSpec(problems: parser.problems)) }
        return .success(spec)
    }
}

/// Parses a spec and collects all errors instead of stopping at the first.
private struct SpecParser {
    let policies: PolicyRegistry
    let zones: any TimeZoneProvider
    private(set) var problems: [JSONPathError] = []

    init(policies: PolicyRegistry, zones: any TimeZoneProvider) {
        self.policies = policies
        self.zones = zones
    }

    /// Returns the value, or nil after recording the error.
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
        let registry = policies
        let policy = attempt { () throws(JSONPathError) in
            try registry.policy(spec, metricNames: metrics?.names)
        }
        let consumption = attempt { () throws(JSONPathError) in
            try Self.consumption(spec.optional("consumption"), of: policy)
        }
        let safety = attempt { () throws(JSONPathError) in try Self.safety(spec.optional("safety")) }
        let fallback = attempt { () throws(JSONPathError) in try Self.fallback(spec.optional("fallback")) }
        let schedules = schedules(spec, bounds: bounds, metricNames: metrics?.namesWithTarget)
        let forecasts = ForecastParser(metricNames: metrics?.namesWithTarget)
        let forecast = attempt { () throws(JSONPathError) in
            try forecasts.forecast(spec.optional("forecast"))
        }
        guard let target, let bounds, let interval, let isPaused, let mode, let metrics, let policy,
            let consumption, let safety, let fallback, let schedules, let forecast
        else { return nil }
        return GeneralScalerSpec(
            target: target,
            minReplicas: bounds.lowerBound,
            maxReplicas: bounds.upperBound,
            pollingInterval: interval,
            isPaused: isPaused,
            mode: mode,
            metrics: metrics.sources,
            formulas: metrics.formulas,
            policy: policy,
            consumption: consumption,
            safety: safety,
            fallback: fallback,
            schedules: schedules,
            forecast: forecast
        )
    }

    private mutating func schedules(
        _ spec: JSONReader, bounds: ClosedRange<Int>?, metricNames: [String]?
    ) -> [Schedule]? {
        var parser = ScheduleParser(zones: zones, spec: .init(bounds: bounds, metricNames: metricNames))
        let schedules = parser.schedules(try? spec.optional("schedules"))
        problems += parser.problems
        return schedules
    }

    // MARK: Target and bounds

    private static func target(_ spec: JSONReader) throws(JSONPathError) -> TargetReference {
        let deployment = try spec.optional("targetDeployment")
        let reference = try spec.optional("targetRef")
        if let deployment, reference == nil {
            return TargetReference(apiVersion: "apps/v1", kind: "Deployment", name: try deployment.name(.object))
        }
        guard let reference, deployment == nil else {
            throw JSONPathError(
                path: "\(spec.path).targetDeployment",
                message:
                    "needs exactly one of targetDeployment (the name of a Deployment) and targetRef (anything else)"
            )
        }
        return TargetReference(
            apiVersion: try reference.required("apiVersion").apiVersion(),
            kind: try reference.required("kind").name(.kind),
            name: try reference.required("name").name(.object)
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

    private mutating func metrics(_ spec: JSONReader) -> MetricEntries? {
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
        let metrics = entries.enumerated().map { MetricEntry($1, index: $0, problems: &problems) }
        for entry in entries {
            guard let config = try? entry.optional("config") else { continue }
            if let problem = Self.sizeProblem(config) {
                problems.append(problem)
                continue
            }
            problems += ConfigTemplate(config.value, path: config.path).problems
        }
        let named = named(metrics)
        problems += named.problems(objective: Self.objective(spec))
        return named.malformed.isEmpty ? named : nil
    }

    private static func sizeProblem(_ config: JSONReader) -> JSONPathError? {
        let size = config.value.size
        let limits = GeneralScalerSpec.Limits.config
        if size.nodes > limits.nodes {
            return config.error(
                "has \(size.nodes) values (scalars, arrays and objects), and at most \(limits.nodes) are allowed")
        }
        if size.depth > limits.depth {
            return config.error("is nested \(size.depth) deep, and at most \(limits.depth) is allowed")
        }
        if size.bytes > limits.bytes {
            return config.error("has \(size.bytes) bytes as JSON, and at most \(limits.bytes) are allowed")
        }
        return nil
    }

    /// Names each unnamed metric after its type, with a number if that is taken.
    private mutating func named(_ metrics: [MetricEntry]) -> MetricEntries {
        var taken: Set<String> = []
        for (index, metric) in metrics.enumerated() where !metric.name.isEmpty {
            if !taken.insert(metric.name).inserted {
                note("spec.metrics[\(index)].name", "\"\(metric.name)\" is the name of another metric of this scaler")
            }
        }
        var entries = MetricEntries()
        func name(after type: String) -> String {
            var (name, number) = (type, 2)
            while !taken.insert(name).inserted {
                name = "\(type)-\(number)"
                number += 1
            }
            return name
        }
        for metric in metrics {
            switch metric {
            case .formula(let formula): entries.formulas.append(formula)
            case .source(var source):
                if source.name.isEmpty { source.name = name(after: source.type) }
                entries.sources.append(source)
            case .malformed(var malformed):
                if malformed.name.isEmpty, !malformed.isFormula { malformed.name = name(after: malformed.type) }
                entries.malformed.append(malformed)
            }
        }
        return entries
    }

    /// Returns the metrics that `policy.config.objective` names, also of an invalid policy.
    private static func objective(_ spec: JSONReader) -> Set<String> {
        let objective = spec.value["policy"]?["config"]?["objective"]
        return Set(["metric", "longMetric"].compactMap { objective?[$0]?.stringValue })
    }

    // MARK: Consumption

    /// - Parameter policy: nil if it is invalid.
    private static func consumption(
        _ amounts: JSONReader?, of policy: (any ScalingPolicy)?
    ) throws(JSONPathError) -> [String: BudgetAmount] {
        guard let amounts else { return [:] }
        let result = try amounts.consumptionAmounts(units: nil)
        guard result.count <= GeneralScalerSpec.Limits.consumptionUnits else {
            throw amounts.error(
                "must have at most \(GeneralScalerSpec.Limits.consumptionUnits) units, not \(result.count)")
        }
        if policy is CostPolicy, result[ScalingBudgetSpec.cost] != nil {
            throw JSONPathError(
                path: "\(amounts.path).\(ScalingBudgetSpec.cost)",
                message: "is already set by costPerPodPerHour of the policy; remove it here")
        }
        return result
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
            maxScaleUpRate: try rate(upRate, percent: GeneralScalerSpec.Limits.upRatePercent)
                ?? SafetyLimits.defaultScaleUpRate,
            maxScaleDownRate: try rate(downRate, percent: GeneralScalerSpec.Limits.downRatePercent)
                ?? SafetyLimits.defaultScaleDownRate,
            scaleUpStabilization: try safety.optional("scaleUpStabilizationSeconds").seconds(in: windows) ?? .zero,
            scaleDownStabilization: try safety.optional("scaleDownStabilizationSeconds").seconds(in: windows)
                ?? SafetyLimits.defaultScaleDownStabilization
        )
    }

    private static func rate(_ rate: JSONReader?, percent range: ClosedRange<Int>) throws(JSONPathError) -> RateLimit? {
        guard let rate else { return nil }
        if rate.value.intValue != nil { return .replicas(try rate.int(in: GeneralScalerSpec.Limits.replicas)) }
        // Requires the canonical form of a number: no sign, no leading zero.
        guard let text = rate.value.stringValue, text.hasSuffix("%"), let percent = Int(text.dropLast()),
            range.contains(percent), text == "\(percent)%"
        else {
            throw rate.error(
                "must be a number of replicas such as 3, or a percentage in quotes such as \"50%\", "
                    + "up to \"\(range.upperBound)%\"")
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

// MARK: Unknown fields

extension SpecParser {
    private static let specFields = [
        "targetDeployment", "targetRef", "minReplicas", "maxReplicas", "pollingIntervalSeconds", "paused", "mode",
        "metrics", "policy", "consumption", "safety", "fallback", "schedules", "forecast",
    ]
    private static let metricFields = [
        "type", "name", "config", "formula", "targetValue", "targetType", "activationValue", "timeoutSeconds",
        "maxAgeSeconds",
    ]
    /// The allowed fields of the objects in a spec; `policy.config` has its own.
    private static let partFields = [
        "targetRef": ["apiVersion", "kind", "name"],
        "policy": ["type", "config"],
        "safety": [
            "cooldownSeconds", "scaleUpCooldownSeconds", "scaleDownCooldownSeconds", "maxScaleUpRate",
            "maxScaleDownRate", "scaleUpStabilizationSeconds", "scaleDownStabilizationSeconds",
        ],
        "fallback": ["failureThreshold", "replicas", "behavior"],
        "forecast": ForecastParser.fields,
    ]

    /// Records an error for each unknown field. A value other than an object is left to the other checks.
    mutating func refuseUnknownFields(_ spec: JSONReader) {
        refuseUnknownFields(of: spec, known: Self.specFields)
        for (field, known) in Self.partFields.sorted(by: { $0.key < $1.key }) {
            if let part = try? spec.optional(field) { refuseUnknownFields(of: part, known: known) }
        }
        for metric in (try? spec.optional("metrics")?.elements()) ?? [] {
            refuseUnknownFields(of: metric, known: Self.metricFields)
        }
        for schedule in (try? spec.optional("schedules")?.elements()) ?? [] {
            refuseUnknownFields(of: schedule, known: ScheduleParser.fields)
        }
    }

    private mutating func refuseUnknownFields(of part: JSONReader, known: [String]) {
        for field in (part.value.objectValue ?? [:]).keys.sorted() where !known.contains(field) {
            note("\(part.path).\(field)", "is not a known field; known fields: \(known.joined(separator: ", "))")
        }
    }
}
