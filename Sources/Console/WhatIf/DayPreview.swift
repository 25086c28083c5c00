import Backtest
import Scaling
import WireFormats

/// The day after the readings: what the schedules set, and what the forecast's pattern expects.
struct DayPreview {
    private static let length: Duration = .seconds(86_400)
    private static let maxEdges = 200

    private let present: SpecComparison.Run
    private let changed: SpecComparison.Run
    private let start: Timestamp
    /// The load that is expected, by the place of the metric in the changed spec.
    private let outlooks: [Int: [(time: Timestamp, load: Double)]]

    init(present: SpecComparison.Run, changed: SpecComparison.Run, after start: Timestamp) {
        self.present = present
        self.changed = changed
        self.start = start
        outlooks = changed.forecasters.mapValues { $0.outlook(over: Self.length) }.filter { !$0.value.isEmpty }
    }

    var json: JSON {
        var preview: [String: JSON] = [
            "from": .seconds(start), "to": .seconds(start + Self.length), "present": bounds(present),
            "changed": bounds(changed),
        ]
        if !changed.forecasters.isEmpty {
            preview["forecasts"] = .array(outlooks.sorted { $0.key < $1.key }.map(forecast))
            preview["forecastNote"] = .string(
                outlooks.isEmpty
                    ? "No pattern yet: it needs readings of more than a day."
                    : "The load by the best pattern of days or weeks, without a margin; the replicas for it, by both specs."
            )
            if let runs = replicas { (preview["presentReplicas"], preview["changedReplicas"]) = runs }
        }
        return .object(preview)
    }

    private func forecast(place: Int, outlook: [(time: Timestamp, load: Double)]) -> JSON {
        [
            "name": .string(changed.backtest.spec.metrics[place].name),
            "values": .array(outlook.map { [.seconds($0.time), .number($0.load)] }),
        ]
    }

    /// What the schedules make of the bounds: `[time, least, most, names]` at each change.
    private func bounds(_ run: SpecComparison.Run) -> JSON {
        let spec = run.backtest.spec
        var steps: [JSON] = []
        var time = start
        for _ in 0..<Self.maxEdges {
            let (effective, values) = spec.effective(at: time)
            let names = Set(values.map(\.schedule)).sorted().joined(separator: ", ")
            steps.append(
                [
                    .seconds(time), .integer(Int64(effective.minReplicas)), .integer(Int64(effective.maxReplicas)),
                    .string(names),
                ])
            guard let edge = spec.schedules.nextEdge(after: time), edge <= start + Self.length else { break }
            time = edge
        }
        return .array(steps)
    }

    /// The replicas of both specs for the expected load; nil if a metric has none.
    private var replicas: (present: JSON, changed: JSON)? {
        let spec = changed.backtest.spec
        let loads = spec.metrics.indices.compactMap { outlooks[$0] }
        guard loads.count == spec.metrics.count, let first = loads.first else { return nil }
        let samples = first.indices.compactMap { index -> Trace.Sample? in
            guard loads.allSatisfy({ $0.indices.contains(index) && $0[index].time == first[index].time }) else {
                return nil
            }
            return Trace.Sample(time: first[index].time, cells: loads.map { .value($0[index].load) }, replicas: 1)
        }
        guard let trace = try? Trace(metrics: spec.metrics.map(\.name), samples: samples),
            let before = try? steps(present, trace), let after = try? steps(changed, trace)
        else { return nil }
        return (before, after)
    }

    private func steps(_ run: SpecComparison.Run, _ trace: Trace) throws(TraceError) -> JSON {
        var spec = run.backtest.spec
        // The load is the forecast.
        spec.forecast = nil
        spec.inputs = []
        for index in spec.metrics.indices { spec.metrics[index].formula = nil }
        var workload = run.backtest.workload
        workload.initialReplicas = run.replicas.last.map(Int.init)
        var line: [(Timestamp, Int)] = []
        _ = try Backtest(spec: spec, trace: trace, workload: workload).run { (step: BacktestStep) throws(Never) in
            line.append((step.decision.time, step.decision.desired))
        }
        return SpecComparison.steps(line)
    }
}
