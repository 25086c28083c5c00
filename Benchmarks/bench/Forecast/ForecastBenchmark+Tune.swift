import Backtest
import Scaling
import WireFormats

// What other targets, with other stabilization windows and cooldowns, gain over other targets alone at equal replica-hours.
extension ForecastBenchmark {
    private static let tunedStartup: Duration = .seconds(300)
    private static let tuneSeconds = 120.0
    /// At least 25% less time out of SLO.
    private static let tuneGoal = 0.75

    func tune(_ one: ForecastCase) async throws -> [Measurement] {
        let trace = one.makeTrace()
        let spec = one.spec(trace)
        let workload = Workload(startupDelay: Self.tunedStartup)
        let reference = try Backtest(spec: spec, trace: trace, workload: workload)
        let base: JSON = ["metrics": [["name": "load", "targetValue": .number(one.target)]], "safety": [:]]
        let space = TuneSpace(base: base, spec: spec, schedules: [])
        let search = try TuneSearch(space, reference: reference) { Self.spec($0, of: spec) }
        let start = ContinuousClock.now
        let result = try await search.run(
            elapsed: { (ContinuousClock.now - start) / .seconds(Self.tuneSeconds) }, onProgress: { _ in })
        let gains = result.front.compactMap { point in
            Self.timeOutOfSLO(of: result.targetsAlone, at: point.learned.replicaHours).map {
                (point: point.learned, alone: $0)
            }
        }
        guard let best = gains.min(by: { $0.point.timeOutOfSLO / $0.alone < $1.point.timeOutOfSLO / $1.alone }) else {
            throw BenchError("\(name)/tune-\(one.name): no proposal has the replica-hours of a target alone")
        }
        print(
            "  \(name)/tune-\(one.name): \(result.front.count) proposals of \(result.runs) settings; the best at "
                + "\(Table.number(best.point.replicaHours)) replica-hours")
        return [
            Measurement(
                name: "\(name)/tune-\(one.name)/out-of-slo", value: best.point.timeOutOfSLO / .seconds(60), unit: "min",
                baseline: best.alone / .seconds(60), goal: .atMost(Self.tuneGoal))
        ]
    }

    /// Returns the spec with the target, the window and the cooldown of a choice; nil for one that changes anything else.
    private static func spec(_ json: JSON, of spec: ScalingSpec) -> ScalingSpec? {
        var changed = spec
        guard let target = json["metrics"]?[0]?["targetValue"]?.doubleValue, json["forecast"] == nil else { return nil }
        changed.metrics[0].target = target
        var safety = json["safety"]?.objectValue ?? [:]
        if let window = safety.removeValue(forKey: "scaleDownStabilizationSeconds")?.doubleValue {
            changed.safety.scaleDownStabilization = .seconds(window)
        }
        if let cooldown = safety.removeValue(forKey: "scaleDownCooldownSeconds")?.doubleValue {
            changed.safety.scaleDownCooldown = .seconds(cooldown)
        }
        return safety.isEmpty ? changed : nil
    }

    /// Returns the time out of SLO of the targets alone at so many replica-hours, between the two nearest; nil if they do
    /// not reach them, or if it is 0.
    private static func timeOutOfSLO(of alone: [TuneSearch.Point], at replicaHours: Double) -> Duration? {
        let first = alone.firstIndex { $0.learned.replicaHours >= replicaHours }
        guard let above = first, above > 0 else { return nil }
        let (less, more) = (alone[above - 1].learned, alone[above].learned)
        let share = (replicaHours - less.replicaHours) / (more.replicaHours - less.replicaHours)
        let time = less.timeOutOfSLO + (more.timeOutOfSLO - less.timeOutOfSLO) * share
        return time > .zero ? time : nil
    }
}
