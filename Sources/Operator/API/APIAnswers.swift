import KubernetesClient
import ScalerAPI
import Scaling
import SystemIO
import WireFormats

/// The answers of the API, as JSON. They have what the spec and the status of a GeneralScaler have, and never a metric's config.
struct APIAnswers: Sendable {
    let memory: ScalerMemory
    let time: TimeSource
    /// The operator process, as in events.
    let identity: String

    /// All scalers; nil on a standby.
    func scalers() -> [UInt8]? {
        let changes = memory.changes(after: 0)
        guard let since = changes.since else { return nil }
        var writer = JSONWriter(reserving: 1_024 + changes.entries.count * 600)
        writer.beginObject()
        head(since, number: changes.number, &writer)
        writer.key("decisionNumber")
        writer.value(memory.decisions(after: 0, limit: 1).last?.number ?? 0)
        rows(changes.entries, &writer)
        writer.endObject()
        return writer.bytes
    }

    /// One scaler with its past; nil if it is unknown.
    func scaler(_ key: ObjectKey) -> [UInt8]? {
        guard let past = memory.past(of: key) else { return nil }
        let entry = past.entry
        var writer = JSONWriter(reserving: 64 << 10)
        writer.beginObject()
        head(past.since, number: entry.number, &writer)
        writer.key("scaler")
        writer.value(entry.row)
        writer.key("status")
        writer.value(entry.status.mergePatch["status"]?.withoutNulls ?? .null)
        if let spec = entry.spec {
            writer.key("spec")
            writer.value(spec.json(configs: false))
        }
        writer.key("next")
        writer.value(.array(nextEvents(of: entry).map(JSON.string)))
        writer.key("metrics")
        writer.beginArray()
        for metric in past.metrics { Self.write(metric, &writer) }
        writer.endArray()
        writer.key("decisions")
        write(memory.decisions(after: 0, of: key, limit: APILimits.decisionsOfScaler), &writer)
        writer.endObject()
        return writer.bytes
    }

    /// The changes of all scalers after a number, the newest ones.
    func decisions(after number: Int) -> [UInt8]? {
        guard let since = memory.changes(after: .max).since else { return nil }
        var writer = JSONWriter(reserving: 64 << 10)
        writer.beginObject()
        head(since, number: number, &writer)
        writer.key("decisions")
        write(memory.decisions(after: number, limit: APILimits.decisions), &writer)
        writer.endObject()
        return writer.bytes
    }

    /// The ScalingBudgets with their members, and the scalers whose cost policy has a budget.
    func budgets() -> [UInt8]? {
        let changes = memory.changes(after: 0)
        guard let since = changes.since else { return nil }
        var writer = JSONWriter()
        writer.beginObject()
        head(since, number: changes.number, &writer)
        rows(changes.entries.filter { $0.status.decision?.budget != nil }, &writer)
        writer.key("budgets")
        writer.value(.array(memory.budgets.map(\.json)))
        writer.endObject()
        return writer.bytes
    }

    /// An event of the stream, and the numbers for the next; nil if there are no news.
    func event(after number: Int, decisions decisionNumber: Int) -> (text: [UInt8], number: Int, decisions: Int)? {
        let changes = memory.changes(after: number)
        guard changes.number != number else { return nil }
        let decisions = memory.decisions(after: decisionNumber, limit: APILimits.decisions)
        var writer = JSONWriter(reserving: 1_024 + changes.entries.count * 600)
        writer.beginObject()
        if let since = changes.since { head(since, number: changes.number, &writer) }
        writer.key("count")
        writer.value(changes.scalers)
        rows(changes.entries, &writer)
        writer.key("decisions")
        write(decisions, &writer)
        writer.endObject()
        let text = Array("data: ".utf8) + writer.bytes + Array("\n\n".utf8)
        return (text, changes.number, decisions.last?.number ?? decisionNumber)
    }

    private func head(_ since: Timestamp, number: Int, _ writer: inout JSONWriter) {
        writer.key("time")
        writer.value(time.now().rfc3339())
        writer.key("since")
        writer.value(since.rfc3339())
        writer.key("operator")
        writer.value(identity)
        writer.key("number")
        writer.value(number)
    }

    private func rows(_ entries: [ScalerMemory.Entry], _ writer: inout JSONWriter) {
        writer.key("scalers")
        writer.beginArray()
        for entry in entries { writer.value(entry.row) }
        writer.endArray()
    }

    private func write(_ decisions: [KeptDecision], _ writer: inout JSONWriter) {
        writer.beginArray()
        for decision in decisions { writer.encodedValue(decision.json) }
        writer.endArray()
    }

    /// Writes the readings as `[time, value, current, recommended]`; the value of a missing reading is null.
    private static func write(_ metric: ScalerMemory.Past.Metric, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("name")
        writer.value(metric.name)
        writer.key("coarseSeconds")
        writer.value(Int(MemoryLimits.coarseSeconds))
        writer.key("readings")
        writer.beginArray()
        for reading in metric.readings {
            writer.beginArray()
            writer.value(Int(reading.seconds))
            // The shortest text of the kept precision, not the digits that a wider number would add.
            writer.value(Double(reading.value.description) ?? .nan)
            writer.value(Int(reading.current))
            writer.value(Int(reading.recommended))
            writer.endArray()
        }
        writer.endArray()
        writer.endObject()
    }

    private func nextEvents(of entry: ScalerMemory.Entry) -> [String] {
        guard let spec = entry.spec else { return [] }
        return Explanation.nextEvents(spec: spec, generation: entry.generation, status: entry.status, now: time.now())
    }
}

extension ScalerMemory.Entry {
    /// Conditions that are problems if they are false. The members `ready` and `state` have the condition `Ready`.
    private static let problems: Set<Condition.Kind> = [.replicasReady, .pluginsHealthy, .withinBudget]

    /// The scaler in a list.
    var row: JSON {
        let decision = status.decision
        let summary = StatusSummary(decision, current: status.history.lastSeenReplicas, blocker: status.blocker)
        let ready = status.conditions.first { $0.condition.kind == .ready }?.condition
        var row: [String: JSON] = [
            "namespace": .string(identity.namespace), "name": .string(identity.name),
            "ready": .string(ready?.status.rawValue ?? "Unknown"), "state": .string(ready?.reason ?? ""),
            "reason": .string(status.blocker?.message ?? decision?.reason ?? ""),
            "limitedBy": .array((decision?.limitedBy ?? []).map { .string($0.rawValue) }),
        ]
        let problems = status.conditions.filter {
            $0.condition.status == .false && Self.problems.contains($0.condition.kind)
        }
        if !problems.isEmpty { row["problems"] = .array(problems.map { .string($0.condition.kind.rawValue) }) }
        if !budgets.isEmpty { row["budgets"] = .array(budgets.map(JSON.string)) }
        row["target"] = status.target.map { .string($0.description) }
        row["metric"] = summary.metric.map(JSON.string)
        row["limit"] = summary.limitedBy.map(JSON.string)
        if let spec {
            row["mode"] = .string(spec.isPaused ? "Paused" : spec.mode.rawValue)
            row["minReplicas"] = .integer(Int64(spec.minReplicas))
            row["maxReplicas"] = .integer(Int64(spec.maxReplicas))
            row["intervalSeconds"] = .integer(spec.pollingInterval.components.seconds)
            if spec.forecast?.mode == .active, let forecasts = decision?.forecasts, !forecasts.isEmpty {
                row["forecast"] = .string(forecasts.contains(where: \.isActive) ? "Active" : "Inactive")
            }
        }
        if let decision {
            row["time"] = .string(decision.time.rfc3339())
            row["current"] = .integer(Int64(status.history.lastSeenReplicas ?? decision.current))
            row["recommended"] = .integer(Int64(decision.recommended))
            row["desired"] = .integer(Int64(decision.desired))
            row["readyReplicas"] = decision.ready.map { .integer(Int64($0)) }
            if let ratio = decision.leader?.ratio, ratio.isFinite { row["ratio"] = .number(ratio) }
            row["budget"] = decision.costJSON
        }
        return .object(row)
    }
}

extension JSON {
    /// Without the members that a merge patch removes.
    fileprivate var withoutNulls: JSON {
        guard case .object(let members) = self else { return self }
        return .object(members.filter { $0.value != .null }.mapValues(\.withoutNulls))
    }
}
