import Backtest
import Scaling
import Testing
import WireFormats

@Suite("A backtest")
struct BacktestTests {
    @Test("a load per replica falls when replicas are added, and only once they are ready")
    func startupDelay() throws {
        let backtest = try Backtest(
            spec: .requests(), trace: trace(Array(repeating: 400, count: 8)),
            workload: Workload(startupDelay: .seconds(30), initialReplicas: 2))
        let (steps, summary) = backtest.steps()
        #expect(steps.map(\.decision.current) == [2, 4, 4, 4, 4, 4, 4, 4])
        #expect(steps.map(\.decision.ready) == [2, 2, 4, 4, 4, 4, 4, 4])
        #expect(steps.map { $0.metrics[0].load } == [200, 200, 100, 100, 100, 100, 100, 100])
        #expect(summary.timeOutOfSLO == .seconds(30))
        #expect(summary.scaleUps == 1)
        #expect(summary.replicaSeconds == 8 * 4 * 15)
    }

    @Test("a total is independent of the simulated replicas, and the load per replica depends on them")
    func total() throws {
        let backtest = try Backtest(
            spec: .requests(.averageValue), trace: trace(Array(repeating: 400, count: 3)),
            workload: Workload(startupDelay: .zero, initialReplicas: 1))
        let (steps, _) = backtest.steps()
        #expect(steps.map(\.decision.desired) == [4, 4, 4])
        #expect(steps.map { $0.decision.metrics[0].observation.value } == [400, 400, 400])
        #expect(steps.map { $0.metrics[0].load } == [400, 100, 100])
    }

    @Test("values recorded per replica are scaled with the replicas of the recording", arguments: [true, false])
    func recordedReplicas(inTrace: Bool) throws {
        let backtest = try Backtest(
            spec: .requests(), trace: trace([100, 150, 150], replicas: inTrace ? 4 : nil),
            workload: Workload(startupDelay: .zero, recordedReplicas: inTrace ? nil : 4))
        let (steps, _) = backtest.steps()
        #expect(!backtest.takesValuesForTotals)
        #expect(steps.map(\.decision.current) == [4, 4, 6])
        #expect(steps.map { $0.decision.metrics[0].observation.value } == [100, 150, 100])
    }

    @Test("a backtest of a dry run reproduces the recorded values exactly and applies no decision")
    func dryRun() throws {
        let values = [0.1, 133.7, 1.0 / 3, 250, 99]
        let backtest = try Backtest(spec: .requests(isDryRun: true), trace: trace(values, replicas: 3))
        let (steps, summary) = backtest.steps()
        #expect(steps.map { $0.decision.metrics[0].observation.value } == values)
        #expect(steps.allSatisfy { $0.decision.current == 3 })
        #expect(steps[3].decision.desired == 8)
        #expect(steps[3].decision.limitedBy == [.dryRun])
        #expect(summary.scalingEvents == 0)
    }

    @Test("a gap in the trace is no data: replicas are held, and the time counts as unknown")
    func gap() throws {
        let values: [Double?] = [400] + Array(repeating: nil, count: 20) + [400]
        let backtest = try Backtest(
            spec: .requests(), trace: trace(values), workload: Workload(startupDelay: .zero, initialReplicas: 4))
        let (steps, summary) = backtest.steps()
        #expect(steps.allSatisfy { $0.decision.desired == 4 })
        #expect(steps[5].decision.limitedBy == [.noData])
        #expect(summary.timeUnknown == .seconds(300))
        #expect(summary.timeOutOfSLO == .zero)
    }

    @Test("missing samples become stale after the maximum age of the metric")
    func missingSamples() throws {
        let samples = [0, 15, 30, 45, 300, 315].map {
            Trace.Sample(time: start + .seconds($0), cells: [.value(400)])
        }
        let backtest = try Backtest(
            spec: .requests(), trace: Trace(metrics: ["requests"], samples: samples),
            workload: Workload(startupDelay: .zero, initialReplicas: 4))
        let (steps, _) = backtest.steps()
        let missing = steps.indices.filter { steps[$0].decision.limitedBy == [.noData] }
        // 45 s + 60 s is still fresh; the next sample is at 300 s.
        #expect(missing == Array(8..<20))
    }

    @Test("a coarse trace has no gaps because each sample applies until the next")
    func coarseTrace() throws {
        let backtest = try Backtest(
            spec: .requests(), trace: trace([400, 400, 400], every: 300),
            workload: Workload(startupDelay: .zero, initialReplicas: 4))
        let (steps, summary) = backtest.steps()
        #expect(steps.count == 41)
        #expect(steps.allSatisfy { $0.decision.limitedBy.isEmpty })
        #expect(summary.timeUnknown == .zero)
    }

    @Test("time out of SLO is time above the capacity, which is given or follows from target and tolerance")
    func capacity() throws {
        let values = try trace([111, 109, 129, 131])
        let fixed = ScalingSpec.requests(max: 1)
        func timeOut(_ capacities: [String: Double]) throws -> Duration {
            try Backtest(spec: fixed, trace: values, workload: Workload(capacities: capacities)).steps()
                .summary.timeOutOfSLO
        }
        #expect(try timeOut([:]) == .seconds(45))
        #expect(try timeOut(["requests": 130]) == .seconds(15))
    }

    @Test("a scaling event that reverses the previous one within 10 minutes is a flap")
    func flaps() throws {
        let values: [Double?] = Array(repeating: [100, 300], count: 3).flatMap(\.self) + [100]
        let backtest = try Backtest(
            spec: .requests(), trace: trace(values), workload: Workload(startupDelay: .zero, initialReplicas: 1))
        let summary = backtest.steps().summary
        #expect(summary.scaleUps == 3)
        #expect(summary.scaleDowns == 3)
        #expect(summary.flaps == 5)
    }

    @Test("the cost is that of the cost policy or of the given price")
    func cost() throws {
        let values = try trace(Array(repeating: 100, count: 240))
        let policy = CostPolicy(costPerPodPerHour: 0.5, maxCostPerHour: 5)
        #expect(try Backtest(spec: .requests(policy: policy), trace: values).steps().summary.cost == 0.5)
        #expect(
            try Backtest(spec: .requests(), trace: values, workload: Workload(pricePerReplicaHour: 2)).steps()
                .summary.cost == 2)
        #expect(try Backtest(spec: .requests(), trace: values).steps().summary.cost == nil)
    }

    @Test("a compared scaler has replicas with the same capacity and cost, regardless of its target")
    func reference() throws {
        let values = try trace([111, 109, 129, 131, 132.5])
        var hotter = ScalingSpec.requests(max: 1)
        hotter.metrics[0].target = 140
        // In a trace with one column, the metric's name may differ.
        hotter.metrics[0].name = "rps"
        let first = try Backtest(
            spec: .requests(max: 1, policy: CostPolicy(costPerPodPerHour: 0.5, maxCostPerHour: 5)), trace: values)
        let alone = try Backtest(spec: hotter, trace: values).steps().summary
        #expect(alone.timeOutOfSLO == .zero)
        #expect(alone.cost == nil)
        let compared = try Backtest(spec: hotter, trace: values, reference: first).steps().summary
        #expect(compared.timeOutOfSLO == first.steps().summary.timeOutOfSLO)
        #expect(compared.timeOutOfSLO == .seconds(60))
        #expect(compared.capacities["rps"] == first.capacities[0])
        #expect(compared.cost == first.steps().summary.cost)
        // Given values take precedence.
        let given = Workload(capacities: ["rps": 130], pricePerReplicaHour: 1)
        let third = try Backtest(spec: hotter, trace: values, workload: given, reference: first).steps().summary
        #expect(third.timeOutOfSLO == .seconds(30))
        #expect(third.json["capacityPerReplica"]?["rps"]?.doubleValue == 130)
        #expect(third.json["pricePerReplicaHour"]?.doubleValue == 1)
    }

    @Test("time without data is unknown, also if only one of two metrics has none, and is never within the SLO")
    func unknown() throws {
        var spec = ScalingSpec.requests(max: 1)
        spec.metrics.append(MetricSpec(name: "queue", target: 100, targetType: .averageValue))
        let rows: [[Trace.Cell]] = [
            [.value(50), .value(50)], [.value(50), .noData], [.failed, .value(500)], [.noData, .noData],
            [.value(50), .value(500)], [.value(500), .noData], [.value(7), .value(7)],
        ]
        let samples = rows.enumerated().map { Trace.Sample(time: start + .seconds($0 * 15), cells: $1) }
        let (steps, summary) = try Backtest(
            spec: spec, trace: Trace(metrics: ["requests", "queue"], samples: samples)
        ).steps()
        #expect(
            steps.map(\.standing) == [.within, .unknown, .exceeded, .unknown, .exceeded, .exceeded, .within])
        #expect(summary.timeUnknown == .seconds(30))
        #expect(summary.shareUnknown == 2.0 / 7)
        #expect(summary.shareOutOfSLO == 3.0 / 5)
    }

    @Test("a trace without any data reports no time out of SLO")
    func noData() throws {
        let summary = try Backtest(spec: .requests(), trace: trace([nil, nil, nil])).steps().summary
        #expect(summary.shareOutOfSLO == nil)
        #expect(summary.shareUnknown == 1)
        #expect(summary.json["secondsOutOfSLO"] == .null)
        #expect(summary.json["shareOutOfSLO"] == .null)
        #expect(summary.json["secondsUnknown"]?.doubleValue == 45)
    }

    @Test("a metric that the trace does not have is an error that lists the columns of the trace")
    func missingColumn() throws {
        var spec = ScalingSpec.requests()
        spec.metrics.append(MetricSpec(name: "queue", target: 1, targetType: .averageValue))
        #expect(throws: TraceError.self) { try Backtest(spec: spec, trace: trace([1, 2])) }
        // A single metric and a single column need no common name.
        spec.metrics.removeFirst()
        #expect(throws: Never.self) { try Backtest(spec: spec, trace: trace([1, 2])) }
    }

    @Test("an error ratio is replayed unchanged and is not a separate SLO")
    func objective() throws {
        var spec = ScalingSpec.requests(
            policy: SLOPolicy(objective: ErrorBudget(metric: "short", longMetric: "long", percent: 99)))
        spec.metrics += ["short", "long"].map { MetricSpec(name: $0, target: 1, targetType: .value) }
        let trace = try Trace(
            metrics: ["requests", "short", "long"],
            samples: (0..<4).map {
                Trace.Sample(time: start + .seconds($0 * 15), cells: [.value(400), .value(0.02), .value(5)])
            })
        let (steps, _) = try Backtest(
            spec: spec, trace: trace, workload: Workload(startupDelay: .zero, initialReplicas: 4)
        ).steps()
        #expect(steps.allSatisfy { $0.decision.metrics[1].observation.value == 0.02 && $0.standing == .within })
    }

    @Test("progress is reported up to 100%")
    func progress() throws {
        var shares: [Double] = []
        _ = try Backtest(spec: .requests(), trace: trace(Array(repeating: 1, count: 9_000))).run(
            onProgress: { shares.append($0) }, onStep: { _ in })
        #expect(shares == shares.sorted())
        #expect(shares.count == 5)
        #expect(shares.last == 1)
    }
}
