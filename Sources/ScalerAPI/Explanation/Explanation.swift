package import Scaling
package import WireFormats

/// Explains the last decision of a GeneralScaler and the conditions of the next, from its object and events.
package struct Explanation: Sendable {
    package let text: String

    /// The maximum number of events shown, oldest first.
    package static let maxEvents = 8

    /// - Parameters:
    ///   - object: the GeneralScaler from the API server.
    ///   - events: events of events.k8s.io/v1, in any order; those of other objects are ignored.
    ///   - zones: the time zones of schedules.
    /// - Throws: ``JSONPathError`` if the object has no identity.
    package init(
        object: JSON, events: [JSON], now: Timestamp, zones: any TimeZoneProvider
    ) throws(JSONPathError) {
        let scaler = try GeneralScaler(object, zones: zones)
        let status = StatusView(object["status"] ?? .null)
        var paragraphs = [Self.heading(scaler, now: now)]
        switch scaler.spec {
        case .failure(let invalid):
            paragraphs.append(
                (["The spec is invalid, so no decisions are made. Fix:"]
                    + invalid.problems.map { "  \($0)" }).joined(separator: "\n"))
        case .success(let spec):
            paragraphs.append(Self.decision(status, now: now))
            paragraphs += Self.problems(object["status"]?["conditions"]?.arrayValue ?? [])
            if !spec.schedules.isEmpty {
                let outlook = ScheduleOutlook(spec, now: now)
                paragraphs.append((["Schedules:"] + outlook.lines.map { "  \($0)" }).joined(separator: "\n"))
            }
            if let forecast = spec.forecast, forecast.mode != .off {
                paragraphs.append(Self.forecast(object["status"]?["forecast"] ?? .null))
            }
            if let next = NextStep(
                spec: spec, isEdited: status.observedGeneration.map { $0 != scaler.generation } ?? false,
                status: status, history: scaler.status.history, now: now)
            {
                paragraphs.append((["Next scaling event:"] + next.lines.map { "  \($0)" }).joined(separator: "\n"))
            }
        }
        paragraphs.append(Self.events(events, of: scaler, now: now))
        text = paragraphs.joined(separator: "\n\n") + "\n"
    }

    private static func heading(_ scaler: GeneralScaler, now: Timestamp) -> String {
        guard case .success(let spec) = scaler.spec else { return "\(scaler.namespace)/\(scaler.name)" }
        let mode = spec.mode == .dryRun ? ", as a dry run" : ""
        let (own, current) = (spec.minReplicas...max(spec.minReplicas, spec.maxReplicas), spec.bounds(at: now))
        let schedule = current == own ? "" : " now, by schedule, and otherwise \(text(own))"
        return
            "\(scaler.namespace)/\(scaler.name) keeps \(spec.target) \(text(current))\(schedule)\(mode). Polling interval: "
            + "\(spec.pollingInterval.shortText)."
    }

    private static func text(_ bounds: ClosedRange<Int>) -> String {
        let most = bounds.upperBound.counted("replica")
        return bounds.lowerBound == bounds.upperBound ? "at \(most)" : "between \(bounds.lowerBound) and \(most)"
    }

    private static func decision(_ status: StatusView, now: Timestamp) -> String {
        guard let reason = status.reason else {
            return "No decision has been made yet. Check that the operator is running and watches this namespace."
        }
        let when = status.decidedAt.map { " (\(Self.ago($0, now)))" } ?? ""
        var lines = ["Last decision\(when): \(reason)"]
        lines += status.inputs.map { "  Input \($0.sentence)" } + status.metrics.map { "  \($0.sentence)" }
        if let current = status.current { lines.append("  " + replicas(current, ready: status.ready)) }
        return lines.joined(separator: "\n")
    }

    private static func forecast(_ status: JSON) -> String {
        guard let metric = status["metric"]?.stringValue?.cleaned, let reason = status["reason"]?.stringValue?.cleaned,
            let expected = status["expected"]?.doubleValue, let upper = status["upper"]?.doubleValue
        else {
            return
                "Forecast:\n  There was none at the last decision: it needs a reading and a day of history. After another day, "
                + "in which it is compared with simple rules, it may add replicas."
        }
        let horizon = status["horizonSeconds"]?.intValue.map { " within \(Duration.seconds($0).shortText)" } ?? ""
        let asks = status["replicas"]?.intValue.map { ", which asks for \($0)" } ?? ""
        let skill = status["skill"]?.doubleValue.map { " Its skill was \($0.shortText)." } ?? ""
        let state = status["active"] == true ? "active" : "not active"
        return
            "Forecast:\n  \(metric) was expected to reach \(expected.shortText) to \(upper.shortText)\(horizon)\(asks)."
            + "\n  It was \(state): \(reason).\(skill)"
    }

    private static func replicas(_ current: Int, ready: Int?) -> String {
        let set = "\(current.counted("replica")) \(current == 1 ? "was" : "were") set"
        switch (current, ready) {
        case (0, _): return "\(set)."
        case (_, nil): return "\(set); the target does not report how many are ready."
        case (1, let ready?): return "\(set), and is \(ready > 0 ? "ready" : "not ready")."
        case (_, let ready?): return "\(set), \(ready) of them ready."
        }
    }

    /// Returns the conditions that require action and that the decision's sentence does not mention.
    private static func problems(_ conditions: [JSON]) -> [String] {
        let failing = conditions.filter {
            ["Ready", "AbleToScale"].contains($0["type"]?.stringValue) && $0["status"] == "False"
        }
        var seen: Set<String> = []
        return failing.compactMap { condition in
            guard let message = condition["message"]?.stringValue?.cleaned, seen.insert(message).inserted else {
                return nil
            }
            return "Problem: \(message) (\((condition["reason"]?.stringValue ?? "no reason").cleaned))"
        }
    }

    private static func events(_ events: [JSON], of scaler: GeneralScaler, now: Timestamp) -> String {
        let own = events.filter { $0["regarding"]?["uid"]?.stringValue == scaler.uid }.compactMap(EventView.init)
        guard !own.isEmpty else { return "No events found; the API server deletes events after an hour." }
        let shown = own.sorted { $0.time < $1.time }.suffix(maxEvents)
        let lines = shown.map { "  \(ago($0.time, now)): \($0.note)\($0.count > 1 ? " (\($0.count) times)" : "")" }
        return (["Events, newest last:"] + lines).joined(separator: "\n")
    }

    private static func ago(_ time: Timestamp, _ now: Timestamp) -> String {
        time > now ? "at \(time.rfc3339(.seconds))" : "\((now - time).shortText) ago"
    }
}

/// The displayed part of an event.
private struct EventView {
    let time: Timestamp
    let note: String
    let count: Int

    init?(_ event: JSON) {
        let times = [
            event["series"]?["lastObservedTime"], event["eventTime"], event["deprecatedLastTimestamp"],
            event["metadata"]?["creationTimestamp"],
        ]
        guard let time = times.lazy.compactMap({ $0?.stringValue.flatMap(Timestamp.init(rfc3339:)) }).first,
            let note = event["note"]?.stringValue?.cleaned
        else { return nil }
        self.time = time
        self.note = note
        count = event["series"]?["count"]?.intValue ?? 1
    }
}
