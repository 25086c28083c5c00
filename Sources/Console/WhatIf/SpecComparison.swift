import Backtest
import Scaling
package import WireFormats

/// The outcome of a ``SpecReplay``.
package struct SpecComparison: Sendable {
    /// One spec, replayed.
    struct Run: Sendable {
        /// A decision, and how long nothing about it changed.
        struct Segment: Sendable {
            let start: Timestamp
            let decision: Decision
        }

        let name: String
        let backtest: Backtest
        var summary: BacktestSummary?
        var recording: ReportRecording?
        /// Each poll.
        private(set) var times: [Timestamp] = []
        private(set) var replicas: [Int32] = []
        private(set) var segments: [Segment] = []
        private(set) var outages: [ClosedRange<Timestamp>] = []
        private(set) var loads: [[Double?]]
        private(set) var forecasters: [Int: LoadForecaster] = [:]

        init(name: String, backtest: Backtest) {
            self.name = name
            self.backtest = backtest
            loads = backtest.spec.metrics.map { _ in [] }
            for place in backtest.spec.forecastMetrics {
                let metric = backtest.spec.metrics[place]
                forecasters[place] = backtest.spec
                    .forecasterSettings(for: metric, horizon: backtest.workload.startupDelay).map(LoadForecaster.init)
            }
        }

        /// Takes the load of a poll, also of one that does not count.
        mutating func learn(_ step: BacktestStep) {
            for place in forecasters.keys {
                guard let demand = step.metrics[place].demand else { continue }
                forecasters[place]?.learn(demand, at: step.decision.time)
            }
        }

        mutating func add(_ step: BacktestStep) {
            let decision = step.decision
            times.append(decision.time)
            replicas.append(Int32(clamping: decision.desired))
            if segments.last.map({ !$0.decision.isSame(as: decision) || decision.changesReplicas }) ?? true {
                segments.append(Segment(start: decision.time, decision: decision))
            }
            for (index, metric) in step.metrics.enumerated() { loads[index].append(metric.demand) }
            guard step.standing == .exceeded else { return }
            let end = decision.time + backtest.spec.pollingInterval
            if let last = outages.last, last.upperBound == decision.time {
                outages[outages.count - 1] = last.lowerBound...end
            } else {
                outages.append(decision.time...end)
            }
        }
    }

    private let replay: SpecReplay
    private let present: Run
    private let changed: Run

    init(_ replay: SpecReplay, present: Run, changed: Run) {
        self.replay = replay
        self.present = present
        self.changed = changed
    }

    // MARK: Differences

    /// A stretch of time in which the two specs have different replicas.
    struct Difference: Sendable {
        let start: Timestamp
        var end: Timestamp
        /// The decisions that hold at the start.
        let present: Decision
        let changed: Decision
    }

    /// The differences, oldest first.
    var differences: [Difference] {
        var differences: [Difference] = []
        var (other, segment, otherSegment) = (0, 0, 0)
        for (index, time) in present.times.enumerated() {
            while other + 1 < changed.times.count, changed.times[other + 1] <= time { other += 1 }
            while segment + 1 < present.segments.count, present.segments[segment + 1].start <= time { segment += 1 }
            while otherSegment + 1 < changed.segments.count, changed.segments[otherSegment + 1].start <= time {
                otherSegment += 1
            }
            guard changed.times.indices.contains(other), present.replicas[index] != changed.replicas[other] else {
                continue
            }
            let end = time + present.backtest.spec.pollingInterval
            let (ours, theirs) = (present.segments[segment].decision, changed.segments[otherSegment].decision)
            if let last = differences.last, last.end == time, last.present.desired == ours.desired,
                last.changed.desired == theirs.desired
            {
                differences[differences.count - 1].end = end
            } else {
                differences.append(Difference(start: time, end: end, present: ours, changed: theirs))
            }
        }
        return differences
    }

    // MARK: Output

    /// The outcome as JSON: times are seconds since 1970.
    package var json: JSON {
        let differences = differences
        let recorded = replay.readings.trace.samples.filter { $0.time >= replay.start }
            .compactMap { sample in sample.replicas.map { (sample.time, $0) } }
        return [
            "source": .string(replay.readings.origin.rawValue), "from": .seconds(replay.start),
            "to": .seconds(replay.readings.end),
            "resolutionSeconds": .number(replay.readings.resolution / .seconds(1)),
            "notes": .array(replay.notes.map(JSON.string)), "assumptions": .string(SpecReplay.assumptions),
            "startupSeconds": .number(replay.workload.startupDelay / .seconds(1)),
            "present": present.json, "changed": changed.json, "recorded": Self.steps(recorded),
            "differences": .array(differences.prefix(SpecReplay.Limits.differences).map(\.json)),
            "differenceCount": .integer(Int64(differences.count)),
            "differingSeconds": .number(differences.reduce(0) { $0 + ($1.end - $1.start) / .seconds(1) }),
            "nextDay": DayPreview(present: present, changed: changed, after: replay.readings.end).json,
            "patch": .array(SpecPatch(from: replay.present.spec, to: replay.changed.spec).operations),
        ]
    }

    /// The page of `simulate --html`; nil unless the run recorded it.
    package func report(title: String) -> [UInt8]? {
        let runs = [present, changed].compactMap { run in
            run.recording.flatMap { recording in run.summary.map { (recording, $0) } }
        }
        return runs.count == 2 ? HTMLReport.page(title: title, runs: runs) : nil
    }

    /// Returns the points at which a line of steps changes, as `[time, replicas]`; of too many, one of several.
    static func steps(_ line: [(Timestamp, Int)]) -> JSON {
        var changes: [(Timestamp, Int)] = []
        for (index, point) in line.enumerated() where index == 0 || line[index - 1].1 != point.1 {
            changes.append(point)
        }
        let stride = changes.count / SpecReplay.Limits.points + 1
        return .array(
            Swift.stride(from: 0, to: changes.count, by: stride).map {
                [.seconds(changes[$0].0), .integer(Int64(changes[$0].1))]
            })
    }
}

extension SpecComparison.Run {
    fileprivate var json: JSON {
        var run: [String: JSON] = [
            "summary": summary?.json ?? .null,
            "replicas": SpecComparison.steps(zip(times, replicas).map { ($0, Int($1)) }),
            "outages": .array(
                outages.prefix(SpecReplay.Limits.points).map { [.seconds($0.lowerBound), .seconds($0.upperBound)] }),
        ]
        run["loads"] = .array(
            backtest.spec.metrics.enumerated().map { index, metric in
                let stride = loads[index].count / (SpecReplay.Limits.points / 4) + 1
                return [
                    "name": .string(metric.name), "target": .number(metric.target),
                    "targetType": .string(metric.targetType.rawValue),
                    "isPerReplica": .bool(backtest.arePerReplica[index]),
                    "values": .array(
                        Swift.stride(from: 0, to: loads[index].count, by: stride).map {
                            [.seconds(times[$0]), loads[index][$0].map(JSON.number) ?? .null]
                        }),
                ]
            })
        return .object(run)
    }
}

extension SpecComparison.Difference {
    fileprivate var json: JSON {
        func side(_ decision: Decision) -> JSON {
            [
                "time": .seconds(decision.time), "replicas": .integer(Int64(decision.desired)),
                "reason": .string(decision.reason),
            ]
        }
        return ["from": .seconds(start), "to": .seconds(end), "present": side(present), "changed": side(changed)]
    }
}

extension JSON {
    /// Seconds since 1970.
    static func seconds(_ time: Timestamp) -> JSON { .integer(time.microsecondsSince1970 / 1_000_000) }
}
