import WireFormats

extension TriggerRules {
    /// Converts a trigger to a metric; nil if it has no equivalent, which is then recorded.
    func convert(_ trigger: TriggerConversion, name: String) -> MetricDraft? {
        trigger.metric.name = name
        trigger.metric.type = metricType
        trigger.metric.targetType = "AverageValue"
        markCommon(trigger)
        for field in fields + Self.common {
            for name in field.names {
                guard let value = trigger.value(name, isSecret: field.isSecret) else { continue }
                trigger.mark(name, field.convert(trigger, value))
            }
        }
        finish(trigger)
        if trigger.metric.targetValue == nil, let defaultTarget {
            trigger.metric.targetValue = defaultTarget
            trigger.ledger.note("\(trigger.path) has no target: KEDA's default, \(defaultTarget.text), is written")
        }
        if let type = trigger.json["metricType"]?.stringValue { setTargetType(type, trigger) }
        markEmpty(trigger)
        if let refusal = trigger.refusal {
            trigger.ledger.replace(trigger.path, .notConvertible(nearest: refusal))
            return nil
        }
        return trigger.metric
    }

    /// Parameters that KEDA ignores for every type, and that files have nevertheless.
    private static let common: [FieldRule] = [
        .ignored("metricType", "KEDA does not read it here, but in the trigger itself"),
        .ignored("triggerIndex", "set by KEDA"),
    ]

    private func markCommon(_ trigger: TriggerConversion) {
        trigger.ledger.converted("\(trigger.path).type", to: "\(trigger.place).type")
        if trigger.json["name"] != nil {
            trigger.ledger.converted("\(trigger.path).name", to: "\(trigger.place).name")
        }
        if trigger.json["useCachedMetrics"] != nil {
            trigger.ledger.different(
                "\(trigger.path).useCachedMetrics", to: "",
                "scalers with the same config share one call by themselves; every decision uses a new value")
        }
        guard let reference = trigger.json["authenticationRef"] else { return }
        for field in ["name", "kind"] where reference[field] != nil {
            let path = "\(trigger.path).authenticationRef.\(field)"
            if trigger.authentication == nil {
                trigger.ledger.refuse(
                    path,
                    nearest: "add \(reference["kind"]?.stringValue ?? "TriggerAuthentication") "
                        + "\(reference["name"]?.stringValue ?? "") to the input: its parameters are not known")
            } else {
                trigger.ledger.converted(path, to: "\(trigger.place).config")
            }
        }
    }

    private func setTargetType(_ type: String, _ trigger: TriggerConversion) {
        let path = "\(trigger.path).metricType"
        let place = "\(trigger.place).targetType"
        if metricType == KubernetesTriggers.resourceType { return trigger.ledger.converted(path, to: place) }
        switch type {
        case "AverageValue", "Value":
            trigger.metric.targetType = type
            trigger.ledger.converted(path, to: place)
        default:
            trigger.ledger.refuse(
                path, nearest: "`targetType: AverageValue`; KEDA takes \(type) for cpu and memory only")
        }
    }

    /// A parameter without a value counts as absent.
    private func markEmpty(_ trigger: TriggerConversion) {
        for name in trigger.metadata.keys.sorted() where trigger.literal(name)?.isEmpty != false {
            trigger.ledger.different("\(trigger.path).metadata.\(name)", to: "", "an empty value counts as absent")
        }
        for (name, parameter) in trigger.authentication?.parameters ?? [:] {
            guard let authentication = trigger.authentication, !authentication.ledger.isMarked(parameter.path) else {
                continue
            }
            authentication.ledger.refuse(
                parameter.path, nearest: "the metric type `\(metricType)` has no field for the parameter \(name)")
        }
    }
}
