import Scaling
import WireFormats

/// Converts triggers of the type `cron` to `schedules`.
struct CronConversion {
    private let ledger: FieldLedger
    /// The schedules with the replicas that they ask for.
    private var found: [(replicas: Int, schedule: [String: JSON], path: String)] = []

    init(_ ledger: FieldLedger) { self.ledger = ledger }

    /// Adds a trigger; returns false if it has no equivalent.
    mutating func add(_ trigger: JSON, path: String, maxReplicas: Int) {
        let metadata = trigger["metadata"]
        func text(_ name: String) -> String? { metadata?[name].map { $0.stringValue ?? $0.description } }
        let name = trigger["name"]?.stringValue ?? "cron"
        guard let start = text("start").flatMap(Self.expression), let end = text("end").flatMap(Self.expression),
            let replicas = text("desiredReplicas").flatMap({ Int($0.trimmed) }), replicas >= 0
        else {
            let nearest =
                "an entry of `spec.schedules` with `start` and `end` as cron expressions of five fields, and `minReplicas`"
            return ledger.refuse(path, nearest: nearest)
        }
        let schedule: [String: JSON] = [
            "name": .string(name), "start": .string(start), "end": .string(end),
            "timeZone": .string(text("timezone") ?? "UTC"), "minReplicas": .integer(Int64(min(replicas, maxReplicas))),
        ]
        if replicas > maxReplicas {
            ledger.different(
                "\(path).metadata.desiredReplicas", to: "spec.schedules[].minReplicas",
                "limited to maxReplicas, as KEDA limits it: a schedule's minReplicas would take precedence")
        }
        found.append((min(replicas, maxReplicas), schedule, path))
        mark(trigger, path)
    }

    private func mark(_ trigger: JSON, _ path: String) {
        let places = ["start": "start", "end": "end", "timezone": "timeZone", "desiredReplicas": "minReplicas"]
        for (field, place) in places where trigger["metadata"]?[field] != nil {
            ledger.converted("\(path).metadata.\(field)", to: "spec.schedules[].\(place)")
        }
        ledger.converted("\(path).type", to: "spec.schedules")
        if trigger["name"] != nil { ledger.converted("\(path).name", to: "spec.schedules[].name") }
        if trigger["metricType"] != nil {
            ledger.different("\(path).metricType", to: "", "a schedule sets replicas, not a metric")
        }
        if trigger["useCachedMetrics"] != nil {
            ledger.different("\(path).useCachedMetrics", to: "", "a schedule reads nothing")
        }
    }

    /// The schedules, those with most replicas first: of several that are active, the first takes precedence, and KEDA
    /// takes the highest.
    var schedules: [JSON] {
        var names: Set<String> = []
        return found.enumerated().sorted { ($1.element.replicas, $0.offset) < ($0.element.replicas, $1.offset) }
            .map { _, entry in
                var schedule = entry.schedule
                let wanted = MetricName.valid(schedule["name"]?.stringValue ?? "cron")
                var name = wanted
                var number = 2
                while !names.insert(name).inserted {
                    name = "\(wanted.prefix(MetricName.maxLength - 4))-\(number)"
                    number += 1
                }
                schedule["name"] = .string(name)
                return .object(schedule)
            }
    }

    private static let macros = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
        "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
    ]

    /// Returns the expression with five fields in the form of schedules; nil if it has another form.
    static func expression(_ text: String) -> String? {
        if let macro = macros[text.trimmed.lowercased()] { return macro }
        let fields = text.split(whereSeparator: \.isWhitespace)
        guard fields.count == 5 else { return nil }
        let expression = fields.map { $0 == "?" ? "*" : $0.uppercased() }.joined(separator: " ")
        return (try? CronExpression(expression)) == nil ? nil : expression
    }
}
