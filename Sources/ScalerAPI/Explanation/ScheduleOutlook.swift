import Scaling
import WireFormats

/// What the schedules of a scaler set now, and what their next two edges change.
struct ScheduleOutlook {
    let lines: [String]

    private static let shownEdges = 2

    init(_ spec: GeneralScalerSpec, now: Timestamp) {
        var lines = spec.schedules.values(at: now).map { value in
            // A field's name begins as it is written.
            if case .target = value.field {
                return "\(value.sentence.prefix(1).uppercased())\(value.sentence.dropFirst())."
            }
            return "\(value.sentence)."
        }
        if lines.isEmpty { lines = ["None is active."] }
        var time = now
        for _ in 0..<Self.shownEdges {
            guard let edge = spec.schedules.nextEdge(after: time) else { break }
            lines.append(Self.line(edge, after: time, spec, now: now))
            time = edge
        }
        self.lines = lines
    }

    private static func line(
        _ edge: Timestamp, after time: Timestamp, _ spec: GeneralScalerSpec, now: Timestamp
    ) -> String {
        let changing = spec.schedules.filter { $0.nextEdge(after: time) == edge }
        let events = changing.map { schedule in
            switch (schedule.window(at: time), schedule.window(at: edge)) {
            case (nil, _): "\(schedule.name) begins"
            case (_, nil): "\(schedule.name) ends"
            case (_, _): "\(schedule.name) ends and begins again"
            }
        }
        let local = changing.first.map { " (\($0.localText(of: edge)))" } ?? ""
        let changes = Self.changes(spec, from: time, to: edge)
        let effect =
            changes.isEmpty
            ? "which changes nothing"
            : "and then \(changes.joined(separator: ", "))"
        return
            "At \(edge.rfc3339(.seconds))\(local), in \((edge - now).shortText), \(events.joined(separator: " and ")), "
            + "\(effect)."
    }

    private static func changes(_ spec: GeneralScalerSpec, from time: Timestamp, to edge: Timestamp) -> [String] {
        let (before, after) = (spec.schedules.values(at: time), spec.schedules.values(at: edge))
        var fields: [ScheduledValue.Field] = []
        for value in before + after where !fields.contains(value.field) { fields.append(value.field) }
        return fields.compactMap { field in
            let base = spec.value(of: field)
            let value = after[field]?.value ?? base
            guard let value, value != before[field]?.value ?? base else { return nil }
            switch field {
            case .minReplicas, .maxReplicas: return "\(field.path) is \(Int(value))"
            case .target(let metric): return "the target of \(metric) is \(value.shortText)"
            }
        }
    }
}

extension GeneralScalerSpec {
    /// What holds while no schedule sets the field.
    fileprivate func value(of field: ScheduledValue.Field) -> Double? {
        switch field {
        case .minReplicas: Double(minReplicas)
        case .maxReplicas: Double(maxReplicas)
        case .target(let name): metrics.first { $0.name == name }?.targetValue
        }
    }
}
