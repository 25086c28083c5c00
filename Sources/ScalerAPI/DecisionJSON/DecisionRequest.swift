package import Scaling
package import WireFormats

/// A request to the decision engine as JSON: `{spec, now, replicas, readings, history}`. Its schema is
/// `docs/reference/schemas/decide.json`.
package struct DecisionRequest: Sendable {
    package let input: DecisionInput

    /// - Parameter zones: the time zones of schedules.
    /// - Throws: ``InvalidSpec`` with all errors of the spec, or the first error elsewhere.
    package init(_ json: JSON, zones: any TimeZoneProvider) throws(InvalidSpec) {
        let spec = try Self.spec(json, zones)
        do throws(JSONPathError) {
            input = try Self.input(JSONReader(json), spec)
        } catch {
            throw InvalidSpec(problems: [error])
        }
    }

    private static func spec(_ json: JSON, _ zones: any TimeZoneProvider) throws(InvalidSpec) -> ScalingSpec {
        guard case .object(let members) = json else {
            throw InvalidSpec(problems: [JSONPathError(path: "", message: "must be an object, not \(json.shapeName)")])
        }
        guard let spec = members["spec"] else {
            throw InvalidSpec(problems: [JSONPathError(path: "spec", message: "is required")])
        }
        return try GeneralScalerSpec.parse(spec, unknownFields: .refused, zones: zones).get()
            .scalingSpec { type, config in
                BuiltinMetricTypes.declaration(type: type, config: config)
            }
    }

    private static func input(_ request: JSONReader, _ spec: ScalingSpec) throws(JSONPathError) -> DecisionInput {
        try request.rejectUnknown("spec", "now", "replicas", "readings", "history", "sharedBudget")
        let now = try request.required("now").time()
        let replicas = try request.required("replicas")
        try replicas.rejectUnknown("current", "ready")
        let current = try replicas.required("current").int(in: GeneralScalerSpec.Limits.replicas)
        let readings = try Readings(request, spec, now)
        var input = DecisionInput(
            spec: spec,
            now: now,
            current: current,
            ready: try replicas.optional("ready")?.int(in: GeneralScalerSpec.Limits.replicas) ?? current,
            readings: readings.observations,
            usefulReplicas: readings.useful,
            history: try request.optional("history").map { history throws(JSONPathError) in
                try ScalingHistory(history, safety: spec.safety)
            } ?? ScalingHistory()
        )
        input.activity = readings.activity
        input.sharedBudget = try request.optional("sharedBudget").map { cap throws(JSONPathError) in
            try SharedBudgetCap(cap)
        }
        return input
    }
}

/// The readings of a request, by metric. A metric without one has no data.
private struct Readings {
    private(set) var observations: [String: MetricObservation] = [:]
    /// The replicas that the sources have work for.
    private(set) var useful: [String: Int] = [:]
    /// Whether the sources have work.
    private(set) var activity: [String: Bool] = [:]

    init(_ request: JSONReader, _ spec: ScalingSpec, _ now: Timestamp) throws(JSONPathError) {
        let formulas = spec.metrics.filter { $0.formula != nil }.map(\.name)
        let read = spec.metrics.map(\.name).filter { !formulas.contains($0) } + spec.inputs.map(\.name)
        for reading in try request.required("readings").elements() {
            let name = try reading.required("name")
            let metric = try name.nonEmptyString()
            guard !formulas.contains(metric) else {
                throw name.error("\"\(metric)\" is computed by its formula: give readings of the metrics that it names")
            }
            guard read.contains(metric) else {
                throw name.error(
                    "unknown metric \"\(metric.prefix(64))\"; the spec has \(read.joined(separator: ", "))")
            }
            guard observations[metric] == nil else { throw name.error("\"\(metric)\" already has a reading") }
            observations[metric] = try Self.observation(reading, now)
            useful[metric] = try reading.optional("usefulReplicas")?.int(in: 1...Int(Int32.max))
            activity[metric] = try reading.optional("active")?.bool()
        }
        for metric in read where observations[metric] == nil { observations[metric] = .noData("no reading was given") }
    }

    private static func observation(
        _ reading: JSONReader, _ now: Timestamp
    ) throws(JSONPathError) -> MetricObservation {
        try reading.rejectUnknown(
            "name", "value", "assumed", "noData", "error", "observedAt", "usefulReplicas", "active")
        let observedAt = try reading.optional("observedAt")?.time() ?? now
        let value = try reading.optional("value")?.double()
        let isAssumed = try reading.optional("assumed")?.bool() ?? false
        let noData = try reading.optional("noData")?.reason("the source has no value")
        let error = try reading.optional("error")?.reason("the source could not be read")
        switch (value, noData, error) {
        case (let value?, nil, nil):
            return isAssumed ? .assumed(value, observedAt: observedAt) : .value(value, observedAt: observedAt)
        case (nil, let why?, nil): return .noData(why)
        case (nil, nil, let why?): return .failed(why)
        default: throw reading.error("needs exactly one of value, noData and error")
        }
    }
}

extension DecisionOutcome {
    /// Returns the decision record and the history to pass with the next request.
    ///
    /// A decision that changes replicas leaves `pendingScale` in the history: the replicas of the next request show
    /// whether the change was applied.
    package func json(of input: DecisionInput) -> JSON {
        var next = history
        if decision.changesReplicas, !input.spec.isDryRun {
            next.pendingScale = ScalingHistory.PendingScale(decision)
        }
        var record = decision.json.objectValue ?? [:]
        record["history"] = next.json
        return .object(record)
    }
}

extension SharedBudgetCap {
    init(_ cap: JSONReader) throws(JSONPathError) {
        try cap.rejectUnknown("budget", "cap", "immediate", "immediateCap")
        self.init(
            budget: try cap.required("budget").nonEmptyString(),
            replicas: try cap.required("cap").int(in: GeneralScalerSpec.Limits.replicas),
            isImmediate: try cap.optional("immediate")?.bool() ?? false)
        if !isImmediate, let most = try cap.optional("immediateCap") {
            immediateReplicas = try most.int(in: replicas...GeneralScalerSpec.Limits.replicas.upperBound)
        }
    }
}

extension JSONReader {
    func time() throws(JSONPathError) -> Timestamp {
        let text = try string()
        guard let time = Timestamp(rfc3339: text) else {
            throw error("must be a time such as 2026-01-02T03:04:05Z, not \"\(text.prefix(64))\"")
        }
        return time
    }

    /// Returns the reason why there is no value: a text, or `true` without a known reason.
    fileprivate func reason(_ unspecified: String) throws(JSONPathError) -> String {
        if value == true { return unspecified }
        guard case .string(let text) = value else { throw error("must be a string with the reason, or true") }
        return text.isEmpty ? unspecified : text
    }
}
