import Backtest
import Scaling
import Testing

@Suite("A backtest of a formula")
struct FormulaBacktestTests {
    private static func spec(_ formula: String, _ targetType: MetricSpec.TargetType) throws -> ScalingSpec {
        var spec = ScalingSpec.requests(targetType)
        spec.metrics = [
            MetricSpec(name: "load", target: 100, targetType: targetType, formula: try Formula(parsing: formula))
        ]
        spec.inputs = [InputSpec(name: "work"), InputSpec(name: "extra")]
        return spec
    }

    private static func trace(_ rows: [(Trace.Cell, Trace.Cell)], replicas: Int? = nil) throws -> Trace {
        try Trace(
            metrics: ["extra", "work"],
            samples: rows.enumerated().map { index, row in
                Trace.Sample(time: start + .seconds(index * 15), cells: [row.1, row.0], replicas: replicas)
            })
    }

    @Test("a formula is computed from the columns of its inputs, poll by poll")
    func total() throws {
        let rows: [(Trace.Cell, Trace.Cell)] = [
            (.value(310), .value(20)), (.value(210), .noData), (.value(310), .failed), (.value(110), .value(7)),
        ]
        let backtest = try Backtest(
            spec: Self.spec("work + 3 * (extra ?? 0)", .averageValue), trace: Self.trace(rows),
            workload: Workload(startupDelay: .zero, initialReplicas: 1))
        let (steps, _) = backtest.steps()
        #expect(steps.map(\.decision.desired) == [4, 4, 4, 2])
        #expect(steps.map { $0.decision.metrics[0].observation.value } == [370, 210, nil, 131])
        #expect(steps[0].decision.reason.contains("load is 370 (310 + 3 * (20 ?? 0)) against"))
        #expect(steps[1].decision.limitedBy == [.assumedValue])
        #expect(steps.map { $0.metrics[0].demand } == [370, 210, nil, 131])
        #expect(steps[0].decision.inputs.map(\.name) == ["work", "extra"])
    }

    @Test("a formula input per replica is scaled to the simulated replicas, as the filled-in formula shows")
    func perReplica() throws {
        let rows = [(Trace.Cell.value(300), Trace.Cell.value(2)), (.value(300), .value(2)), (.value(300), .value(2))]
        let backtest = try Backtest(
            spec: Self.spec("work / extra", .value), trace: Self.trace(rows, replicas: 4),
            workload: Workload(startupDelay: .zero))
        let (steps, _) = backtest.steps()
        #expect(steps.map(\.decision.current) == [4, 6, 6])
        #expect(steps.map { $0.decision.metrics[0].observation.value } == [150, 100, 100])
        #expect(steps[0].decision.metrics[0].formula?.filled == "300 / 2")
        #expect(steps[1].decision.metrics[0].formula?.filled == "(300 / 2) * 4 / 6")
    }

    @Test("a trace without the column of a formula input is refused with its name")
    func column() throws {
        let trace = try Trace(
            metrics: ["work"],
            samples: (0..<3).map { Trace.Sample(time: start + .seconds($0 * 15), cells: [.value(1)]) })
        let error = #expect(throws: TraceError.self) {
            try Backtest(spec: Self.spec("work + extra", .averageValue), trace: trace)
        }
        #expect(error?.description.contains("has no column \"extra\"") == true)
        #expect(error?.description.contains("Name the metric in the spec, or the column in the trace") == true)
        // A metric cannot have the name of one of several series.
        let series = try Trace(
            metrics: ["load{pod=\"a\"}", "load{pod=\"b\"}"],
            samples: (0..<3).map { Trace.Sample(time: start + .seconds($0 * 15), cells: [.value(1), .value(2)]) })
        let several = #expect(throws: TraceError.self) {
            try Backtest(spec: Self.spec("work", .averageValue), trace: series)
        }
        #expect(several?.description.contains("Record one series per metric, such as with sum(...)") == true)
    }
}
