import WireFormats

/// Events, which two groups serve in different forms. They are stored in the form of events.k8s.io.
enum EventTypes {
    static let all = [event, coreEvent]

    private static let event = ResourceType(
        group: "events.k8s.io", version: "v1", kind: "Event", plural: "events", singular: "event",
        listKind: "EventList", shortNames: ["ev"], isNamespaced: true,
        schema: S.kind(
            properties.merging([
                "regarding": S.objectReference, "note": S.string, "reportingController": S.string,
                "deprecatedCount": S.int32, "deprecatedFirstTimestamp": time, "deprecatedLastTimestamp": time,
                "deprecatedSource": source,
            ]) { $1 }),
        strategy: strategy(subject: "regarding") {
            $0.storageGroup = ""
            $0.validate = { EventRules.errors($0, old: $1) }
            $0.prepare = { object, _ in
                object.setDefault([:], at: "deprecatedSource")
                object.setDefault(.null, at: "deprecatedFirstTimestamp")
                object.setDefault(.null, at: "deprecatedLastTimestamp")
            }
        },
        columns: BuiltinColumns.event)

    private static let coreEvent = ResourceType(
        group: "", version: "v1", kind: "Event", plural: "events", singular: "event", listKind: "EventList",
        shortNames: ["ev"], isNamespaced: true,
        schema: S.kind(
            properties.merging([
                "involvedObject": S.objectReference, "message": S.string, "reportingComponent": S.string,
                "count": S.int32, "firstTimestamp": time, "lastTimestamp": time, "source": source,
            ]) { $1 },
            required: ["involvedObject"]),
        strategy: strategy(subject: "involvedObject") {
            $0.validate = { object, _ in EventRules.namespaceErrors(object) }
            $0.served = { renamed($0, names) }
            $0.stored = { renamed($0, Dictionary(uniqueKeysWithValues: names.map { ($1, $0) })) }
            $0.prepare = { object, _ in
                for name in ["firstTimestamp", "lastTimestamp", "eventTime"] { object.setDefault(.null, at: name) }
                object.setDefault([:], at: "source")
                object.setDefault("", at: "reportingComponent")
                object.setDefault("", at: "reportingInstance")
            }
        },
        columns: BuiltinColumns.event)

    /// A time that is null if absent.
    private static let time = S.with(S.time, ["nullable": true])
    private static let source = S.object(["component": S.string, "host": S.string])

    private static let properties: [String: JSON] = [
        "action": S.string, "eventTime": S.with(S.microTime, ["nullable": true]), "reason": S.string,
        "related": S.objectReference, "reportingInstance": S.string, "type": S.string,
        "series": S.object(["count": S.int32, "lastObservedTime": S.microTime, "state": S.string]),
    ]

    /// The names in core/v1 by the stored name.
    private static let names = [
        "regarding": "involvedObject", "note": "message", "reportingController": "reportingComponent",
        "deprecatedCount": "count", "deprecatedFirstTimestamp": "firstTimestamp",
        "deprecatedLastTimestamp": "lastTimestamp", "deprecatedSource": "source",
    ]

    private static func renamed(_ event: JSON, _ names: [String: String]) -> JSON {
        guard let members = event.objectValue else { return event }
        return .object(Dictionary(uniqueKeysWithValues: members.map { (names[$0] ?? $0, $1) }))
    }

    private static func strategy(subject: String, _ change: (inout Strategy) -> Void) -> Strategy {
        var strategy = Strategy()
        strategy.createsOnUpdate = true
        strategy.emptyObject = ["metadata": [:]]
        var fields: [String: [String]] = ["reason": ["reason"], "type": ["type"]]
        fields["reportingComponent"] = ["reportingController"]
        fields["source"] = ["deprecatedSource", "component"]
        for name in ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"] {
            fields["\(subject).\(name)"] = ["regarding", name]
        }
        strategy.selectableFields = fields
        change(&strategy)
        return strategy
    }
}

/// The rules for an event of events.k8s.io.
enum EventRules {
    static func errors(_ event: JSON, old: JSON?) -> [FieldError] {
        var errors = namespaceErrors(event)
        if event.string("eventTime") == nil { errors.append(.required("eventTime")) }
        errors += word(event, "reportingController", shown: "reportingController", isQualified: true)
        errors += word(event, "reportingInstance", shown: "reportingInstance")
        errors += word(event, "action", shown: "action")
        errors += word(event, "reason", shown: "reason")
        if !["Normal", "Warning"].contains(event.string("type") ?? "") {
            errors.append(.invalid("type", event["type"] ?? "", "has invalid value: \(event["type"] ?? "")"))
        }
        if (event.string("note") ?? "").unicodeScalars.count > Limits.eventNote {
            errors.append(.invalid("message", "", "can have at most \(Limits.eventNote) characters"))
        }
        if let series = event["series"] {
            if (series.int("count") ?? 0) < 2 {
                errors.append(.invalid("series.count", series["count"] ?? 0, "should be at least 2"))
            }
            if series["lastObservedTime"] == nil { errors.append(.required("series.lastObservedTime")) }
        }
        if let old { errors += changes(event, old) }
        return errors
    }

    static func namespaceErrors(_ event: JSON) -> [FieldError] {
        let about = event["regarding"] ?? event["involvedObject"] ?? [:]
        let expected = about.string("namespace") ?? "default"
        return expected == event.namespace || (about["namespace"] == nil && event.namespace == "kube-system")
            ? []
            : [
                .invalid(
                    "involvedObject.namespace", about["namespace"] ?? "", "does not match event.namespace")
            ]
    }

    private static func word(_ event: JSON, _ name: String, shown: String, isQualified: Bool = false) -> [FieldError] {
        let value = event.string(name) ?? ""
        if value.isEmpty { return [.required(shown)] }
        if isQualified {
            return NameRules.qualifiedNameProblem(value).map { [.invalid(shown, .string(value), $0)] } ?? []
        }
        return value.unicodeScalars.count <= Limits.eventWord
            ? [] : [.invalid(shown, "", "can have at most \(Limits.eventWord) characters")]
    }

    /// Returns the errors of an update: only the series of an event may change.
    private static func changes(_ event: JSON, _ old: JSON) -> [FieldError] {
        let fields = [
            "regarding": "involvedObject", "reason": "reason", "note": "message", "type": "type",
            "eventTime": "eventTime", "action": "action", "related": "related",
            "reportingController": "reportingController", "reportingInstance": "reportingInstance",
        ]
        return fields.sorted { $0.key < $1.key }.filter { event[$0.key] != old[$0.key] }.map {
            .invalid($0.value, event[$0.key] ?? .null, "field is immutable")
        }
    }
}
