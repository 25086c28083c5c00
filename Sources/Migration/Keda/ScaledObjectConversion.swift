import ScalerAPI
import WireFormats

/// Converts a ScaledObject.
struct ScaledObjectConversion {
    let ledger: FieldLedger
    let scaler: ScalerContext
    /// The ledgers of the objects with parameters, by label.
    let authentications: (JSON, String?) -> FieldLedger?
    private var draft = ScalerDraft()
    private var cron: CronConversion
    private var forecasts: [ForecastRequest] = []

    /// Returns a whole number of the spec. Templates often quote numbers.
    private func number(_ field: String) -> Int? {
        spec[field].flatMap { $0.intValue ?? $0.stringValue.flatMap { Int($0.trimmed) } }
    }

    private var spec: JSON { ledger.object.json["spec"] ?? .null }

    /// Defaults of KEDA.
    private enum Defaults {
        static let maxReplicas = 100
        static let pollingInterval = 30
        static let cooldown = 300
    }

    init(_ ledger: FieldLedger, _ scaler: ScalerContext, authentications: @escaping (JSON, String?) -> FieldLedger?) {
        self.ledger = ledger
        self.scaler = scaler
        self.authentications = authentications
        cron = CronConversion(ledger)
    }

    /// Returns the scaler; nil if nothing of it can be converted.
    mutating func convert() -> ScalerDraft? {
        draft.metadata = MetadataConversion.convert(ledger, name: scaler.name, handled: KedaAnnotations.handled)
        draft.setTarget(ledger)
        markTarget()
        convertReplicas()
        convertTimes()
        KedaAnnotations.convert(ledger, &draft)
        convertTriggers()
        convertModifiers()
        ForecastConversion(ledger: ledger, requests: forecasts).apply(to: &draft)
        convertFallback()
        convertAdvanced()
        draft.schedules = cron.schedules
        guard !draft.metrics.isEmpty || !draft.schedules.isEmpty else {
            ledger.note("no trigger can be converted: no GeneralScaler is written")
            return nil
        }
        if draft.metrics.isEmpty { addIdleMetric() }
        return draft
    }

    private func markTarget() {
        // The second is the name in old versions.
        for name in ["envSourceContainerName", "containerName"] where spec["scaleTargetRef"]?[name] != nil {
            ledger.converted("spec.scaleTargetRef.\(name)", to: "the references to Secrets in `config`")
        }
    }

    private mutating func convertReplicas() {
        let minimum = number("minReplicaCount")
        let maximum = number("maxReplicaCount")
        draft.minReplicas = max(minimum ?? 0, 0)
        draft.maxReplicas = max(maximum ?? Defaults.maxReplicas, max(draft.minReplicas, 1))
        if minimum != nil {
            ledger.converted("spec.minReplicaCount", to: "spec.minReplicas")
        } else {
            ledger.note("minReplicaCount is not set: KEDA's default, 0, is written")
        }
        if maximum != nil {
            ledger.converted("spec.maxReplicaCount", to: "spec.maxReplicas")
        } else {
            ledger.note("maxReplicaCount is not set: KEDA's default, \(Defaults.maxReplicas), is written")
        }
        if let idle = spec["idleReplicaCount"] {
            if idle.intValue == 0 {
                let started = draft.minReplicas
                draft.minReplicas = 0
                let meaning =
                    "the target goes to 0 when idle, and starts with the replicas that the metrics need, not with at "
                    + "least \(started)"
                ledger.different("spec.idleReplicaCount", to: "spec.minReplicas", meaning)
                if started > 1, minimum != nil {
                    ledger.different("spec.minReplicaCount", to: "spec.minReplicas", meaning)
                }
            } else {
                ledger.refuse("spec.idleReplicaCount", nearest: "minReplicas; KEDA supports only 0")
            }
        }
        scaler.scalesToZero = draft.minReplicas == 0
    }

    private mutating func convertTimes() {
        let interval = number("pollingInterval") ?? Defaults.pollingInterval
        let allowed = GeneralScalerSpec.Limits.pollingIntervalSeconds
        draft.pollingIntervalSeconds = min(max(interval, allowed.lowerBound), allowed.upperBound)
        if spec["pollingInterval"] != nil {
            if allowed.contains(interval) {
                ledger.different(
                    "spec.pollingInterval", to: "spec.pollingIntervalSeconds",
                    "applies to every decision; KEDA's applies to the start from 0, and the HPA reads every 15 s")
            } else {
                ledger.different(
                    "spec.pollingInterval", to: "spec.pollingIntervalSeconds",
                    "limited to \(allowed.lowerBound) to \(allowed.upperBound)")
            }
        } else {
            ledger.note("pollingInterval is not set: KEDA's default, \(Defaults.pollingInterval) s, is written")
        }
        if spec["cooldownPeriod"] != nil {
            if draft.minReplicas == 0 {
                ledger.different(
                    "spec.cooldownPeriod", to: "spec.safety.scaleDownCooldownSeconds",
                    "also the minimum time between two scale-downs")
            } else {
                ledger.different("spec.cooldownPeriod", to: "", "no effect: the target never goes to 0 replicas")
            }
        }
        guard let initial = number("initialCooldownPeriod") else { return }
        if initial <= cooldown || draft.minReplicas > 0 {
            ledger.different(
                "spec.initialCooldownPeriod", to: "spec.safety.scaleDownCooldownSeconds",
                "a new scaler waits for the whole cooldown before 0 replicas, which is not shorter")
        } else {
            ledger.refuse(
                "spec.initialCooldownPeriod",
                nearest: "set minReplicas: 1, and 0 after \(initial) s; a new scaler waits for scaleDownCooldownSeconds"
            )
        }
    }

    private var cooldown: Int { number("cooldownPeriod") ?? Defaults.cooldown }

    // MARK: Triggers

    private mutating func convertTriggers() {
        for (index, json) in (spec["triggers"]?.arrayValue ?? []).enumerated() {
            let path = "spec.triggers[\(index)]"
            let type = json["type"]?.stringValue ?? ""
            if type == "cron" {
                cron.add(json, path: path, maxReplicas: draft.maxReplicas)
                continue
            }
            guard let rules = TriggerCatalog.rules(type) else {
                ledger.refuse(path, nearest: UnsupportedTriggers.nearest(type))
                continue
            }
            let target = spec["scaleTargetRef"]
            let container = scaler.objects.container(
                of: target, namespace: scaler.namespace,
                name: (target?["envSourceContainerName"] ?? target?["containerName"])?.stringValue)
            let authentication = json["authenticationRef"]
                .flatMap { authentications($0, scaler.namespace) }
                .map { Authentication($0, objects: scaler.objects, scaler: scaler) }
            let trigger = TriggerConversion(
                ledger, scaler: scaler, index: index, authentication: authentication, container: container)
            trigger.place = "spec.metrics[\(draft.metrics.count)]"
            let name = draft.freeName(json["name"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 } ?? type)
            if let metric = rules.convert(trigger, name: name) { add(metric, trigger) }
        }
    }

    private mutating func add(_ metric: MetricDraft, _ trigger: TriggerConversion) {
        let isInput = spec["advanced"]?["scalingModifiers"]?["formula"] != nil
        guard metric.targetValue != nil || isInput else {
            return ledger.replace(
                trigger.path, .notConvertible(nearest: "the trigger with a target: KEDA needs one too"))
        }
        draft.metrics.append(metric)
        if var forecast = trigger.forecast {
            forecast.metric = metric.name
            forecasts.append(forecast)
        }
    }

    /// `metrics` needs an entry: one that is always idle.
    private mutating func addIdleMetric() {
        var metric = MetricDraft()
        metric.name = "always-idle"
        metric.type = KubernetesTriggers.objectsType
        metric.set("resource", "pods")
        metric.set("selector", "autoscaling.example.com/always-idle=true")
        metric.targetValue = 1
        metric.targetType = "AverageValue"
        draft.metrics = [metric]
        ledger.note(
            "only schedules set the replicas, and `metrics` needs an entry: `always-idle` counts pods with a label that no pod has"
        )
    }

    // MARK: Formula, fallback, advanced

    private mutating func convertModifiers() {
        let path = "spec.advanced.scalingModifiers"
        guard let modifiers = spec["advanced"]?["scalingModifiers"] else { return }
        guard let text = modifiers["formula"]?.stringValue else {
            return ledger.different(path, to: "", "no effect without a formula")
        }
        let formula: String
        do throws(FormulaTranslation.Failure) {
            formula = try FormulaTranslation.translate(text)
        } catch {
            ledger.refuse(
                "\(path).formula", nearest: "a formula written manually, docs/how-to/formulas.md: \(error.reason)")
            for field in ["target", "activationTarget", "metricType"] where modifiers[field] != nil {
                ledger.refuse("\(path).\(field)", nearest: "the same field of the metric with the formula")
            }
            draft.metrics.removeAll { $0.targetValue == nil }
            return
        }
        func number(_ field: String) -> Double? {
            modifiers[field].flatMap { $0.doubleValue ?? $0.stringValue.flatMap(Quantity.number) }
        }
        var metric = MetricDraft()
        metric.name = draft.freeName("formula")
        metric.formula = formula
        metric.targetValue = number("target")
        metric.targetType = modifiers["metricType"]?.stringValue ?? "AverageValue"
        metric.activationValue = number("activationTarget")
        let place = "spec.metrics[\(draft.metrics.count)]"
        ledger.different(
            "\(path).formula", to: "\(place).formula",
            "a value that is missing is no data; `??` replaces a missing value, not a failure")
        for (field, target) in [
            ("target", "targetValue"), ("activationTarget", "activationValue"), ("metricType", "targetType"),
        ] where modifiers[field] != nil {
            ledger.converted("\(path).\(field)", to: "\(place).\(target)")
        }
        markThresholds()
        draft.metrics.append(metric)
        draft.hasFormula = true
    }

    /// With a formula, KEDA does not use the targets of the triggers either.
    private func markThresholds() {
        for (index, trigger) in (spec["triggers"]?.arrayValue ?? []).enumerated() {
            guard let rules = TriggerCatalog.rules(trigger["type"]?.stringValue ?? "") else { continue }
            _ = rules
            for name in (trigger["metadata"]?.objectValue ?? [:]).keys
            where FieldRule.targetNames.contains(name) {
                ledger.different(
                    "spec.triggers[\(index)].metadata.\(name)", to: "",
                    "not used: the formula has the target, as in KEDA")
            }
        }
    }

    private mutating func convertFallback() {
        guard let fallback = spec["fallback"] else { return }
        let behaviors = [
            "static": "Static", "currentReplicas": "Hold", "currentReplicasIfHigher": "StaticIfHigher",
            "currentReplicasIfLower": "StaticIfLower",
        ]
        let behavior = fallback["behavior"]?.stringValue ?? "static"
        if let threshold = fallback["failureThreshold"]?.intValue {
            let allowed = GeneralScalerSpec.Limits.failureThreshold
            draft.fallback["failureThreshold"] = .integer(
                Int64(min(max(threshold, allowed.lowerBound), allowed.upperBound)))
            ledger.different(
                "spec.fallback.failureThreshold", to: "spec.fallback.failureThreshold",
                "the fallback starts after at least 180 seconds")
        }
        guard let converted = behaviors[behavior] else {
            return ledger.refuse("spec.fallback", nearest: "the behavior Static, StaticIfHigher or StaticIfLower")
        }
        draft.fallback["behavior"] = .string(converted)
        ledger.converted("spec.fallback.behavior", to: "spec.fallback.behavior")
        if let replicas = fallback["replicas"]?.intValue, converted != "Hold" {
            draft.fallback["replicas"] = .integer(Int64(max(replicas, 0)))
            ledger.different(
                "spec.fallback.replicas", to: "spec.fallback.replicas",
                "KEDA's fallback applies to each trigger, this one when no metric has a value, and as a minimum when some fail"
            )
        } else if fallback["replicas"] != nil {
            ledger.different("spec.fallback.replicas", to: "", "the replicas are held")
        }
    }

    private mutating func convertAdvanced() {
        let path = "spec.advanced"
        let advanced = spec["advanced"]
        if let restores = advanced?["restoreToOriginalReplicaCount"] {
            if restores.boolValue == true {
                ledger.refuse(
                    "\(path).restoreToOriginalReplicaCount",
                    nearest:
                        "kubectl scale, after the GeneralScaler is deleted: the replicas stay as they are. Set it to "
                        + "false before the ScaledObject is deleted")
            } else {
                ledger.converted("\(path).restoreToOriginalReplicaCount", to: "the replicas stay as they are")
            }
        }
        let config = advanced?["horizontalPodAutoscalerConfig"]
        if config?["name"] != nil {
            ledger.different(
                "\(path).horizontalPodAutoscalerConfig.name", to: "", "there is no HorizontalPodAutoscaler")
        }
        let idle = draft.minReplicas == 0 ? cooldown : nil
        BehaviorConversion(
            ledger: ledger, path: "\(path).horizontalPodAutoscalerConfig.behavior", behavior: config?["behavior"],
            idleSeconds: idle
        ).apply(to: &draft)
        KedaAnnotations.limit(ledger, &draft)
    }
}

extension FieldRule {
    /// The names of all parameters with a target or an activation value.
    static let targetNames: Set<String> = [
        "threshold", "activationThreshold", "listLength", "activationListLength", "lagThreshold",
        "activationLagThreshold",
        "activationValue", "targetQueryValue", "activationTargetQueryValue", "queueLength", "activationQueueLength",
        "targetMetricValue", "activationTargetMetricValue", "targetValue", "activationTargetValue", "queryValue",
        "activationQueryValue", "thresholdValue", "activationThresholdValue", "activationLagCount",
    ]
}
