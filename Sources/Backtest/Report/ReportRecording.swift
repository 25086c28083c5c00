import Scaling
package import WireFormats

/// The data of one backtest in a report, recorded step by step.
package struct ReportRecording: Sendable {
    package let name: String
    private let backtest: Backtest
    /// The spec to show.
    private let shownSpec: JSON
    /// The maximum number of points of one line.
    private let points: Int
    private var spec: ScalingSpec { backtest.spec }
    private var start: Timestamp?
    private var loads: [[Double?]]
    /// The replicas of each poll that differ from those of the previous poll.
    private var replicas: [Replicas] = []
    /// Each where it differs from the poll before; by schedules.
    private var bounds: [Bounds] = []
    private var decisions: [Segment] = []
    /// Polls out of the SLO, as ranges.
    private var outages: [Range<Int>] = []
    /// Ranges of polls for which it is unknown whether the SLO was met.
    private var gaps: [Range<Int>] = []
    /// Polls without a value, as ranges, metric by metric.
    private var metricGaps: [[Range<Int>]]
    /// The forecasts of each poll, metric by metric; empty for a metric without any.
    private var bands: [[Band?]]
    private var polls = 0
    private var lastDecision: Decision?
    private var reasonCount = 0

    private struct Replicas {
        let poll: Int
        let current: Int
        /// The ready replicas, which a backtest always knows.
        let ready: Int?
    }

    private struct Bounds {
        let poll: Int
        let least: Int
        let most: Int
    }

    /// The load that is expected at the horizon of a forecast, of all replicas together.
    private struct Band {
        let expected: Double
        let upper: Double
        let horizon: Duration
    }

    fileprivate struct Segment {
        let poll: Int
        let decision: Decision
    }

    /// The maximum number of decisions listed with their own sentence. Decisions that scale are always listed.
    package static let maxHolds = 20_000
    /// The maximum number of points of one line. A longer run is drawn with a sample of its polls.
    package static let maxPoints = 60_000

    /// - Parameters:
    ///   - spec: the spec to show, without what nobody else should see; null for none.
    ///   - points: the maximum number of points of one line.
    package init(name: String, backtest: Backtest, spec: JSON = .null, points: Int = maxPoints) {
        self.name = name
        shownSpec = spec
        self.points = points
        self.backtest = backtest
        loads = backtest.spec.metrics.map { _ in [] }
        metricGaps = backtest.spec.metrics.map { _ in [] }
        bands = backtest.spec.metrics.map { _ in [] }
    }

    package mutating func add(_ step: BacktestStep) {
        let decision = step.decision
        if start == nil { start = decision.time }
        for (index, metric) in step.metrics.enumerated() {
            loads[index].append(metric.load)
            if metric.load == nil { Self.extend(&metricGaps[index], with: polls) }
        }
        if replicas.last.map({ $0.current != decision.current || $0.ready != decision.ready }) ?? true {
            replicas.append(Replicas(poll: polls, current: decision.current, ready: decision.ready))
        }
        takeDownBounds(decision)
        takeDownForecasts(decision)
        takeDown(decision)
        switch step.standing {
        case .exceeded: Self.extend(&outages, with: polls)
        case .unknown: Self.extend(&gaps, with: polls)
        case .within, .notCounted: break
        }
        polls += 1
    }

    private static func extend(_ ranges: inout [Range<Int>], with poll: Int) {
        if let last = ranges.last, last.upperBound == poll {
            ranges[ranges.count - 1] = last.lowerBound..<poll + 1
        } else {
            ranges.append(poll..<poll + 1)
        }
    }

    private mutating func takeDownBounds(_ decision: Decision) {
        let least = decision.scheduled[.minReplicas].map { Int($0.value) } ?? spec.minReplicas
        let most = decision.scheduled[.maxReplicas].map { Int($0.value) } ?? spec.maxReplicas
        guard bounds.last.map({ $0.least != least || $0.most != most }) ?? true else { return }
        bounds.append(Bounds(poll: polls, least: least, most: most))
    }

    private mutating func takeDownForecasts(_ decision: Decision) {
        for place in spec.forecastMetrics {
            let record = decision.forecasts.first { $0.metric == spec.metrics[place].name }
            bands[place].append(
                record.map {
                    Band(expected: $0.forecast.expected, upper: $0.forecast.upper, horizon: $0.forecast.horizon)
                })
        }
    }

    private mutating func takeDown(_ decision: Decision) {
        defer { lastDecision = decision }
        if !decision.changesReplicas {
            if let lastDecision, decision.isSame(as: lastDecision) { return }
            guard reasonCount < Self.maxHolds else { return }
            reasonCount += 1
        }
        decisions.append(Segment(poll: polls, decision: decision))
    }

    // MARK: JSON

    /// Returns the data for the page's script.
    func json(summary: BacktestSummary) -> JSON {
        let stride = max(1, (polls + points - 1) / points)
        return [
            "name": .string(name), "start": .number(start.map { Double($0.microsecondsSince1970) / 1e6 } ?? 0),
            "interval": .number(spec.pollingInterval / .seconds(1)), "polls": .integer(Int64(polls)),
            "stride": .integer(Int64(stride)),
            "bounds": [.integer(Int64(spec.minReplicas)), .integer(Int64(spec.maxReplicas))],
            "boundSteps": .array(
                bounds.map { [.integer(Int64($0.poll)), .integer(Int64($0.least)), .integer(Int64($0.most))] }),
            "metrics": .array(spec.metrics.indices.map { metric($0, stride: stride) }),
            "replicas": .array(
                replicas.map {
                    [
                        .integer(Int64($0.poll)), .integer(Int64($0.current)),
                        $0.ready.map { .integer(Int64($0)) } ?? .null,
                    ]
                }),
            "decisions": .array(decisions.map(\.json)),
            "outages": .array(outages.map(\.json)), "gaps": .array(gaps.map(\.json)),
            "startupDelay": .number(backtest.workload.startupDelay / .seconds(1)), "summary": summary.json,
            "spec": shownSpec,
        ]
    }

    private func metric(_ index: Int, stride: Int) -> JSON {
        let metric = spec.metrics[index]
        let values = Swift.stride(from: 0, to: polls, by: stride).map { loads[index][$0].map(JSON.rounded) ?? .null }
        var json: [String: JSON] = [
            "name": .string(metric.name), "target": .number(metric.target),
            "targetType": .string(metric.targetType.rawValue), "values": .array(values),
            "isPerReplica": .bool(backtest.arePerReplica[index]), "gaps": .array(metricGaps[index].map(\.json)),
        ]
        if let capacity = backtest.capacities[index] { json["capacity"] = .number(capacity) }
        json["forecast"] = forecast(index, stride: stride)
        return .object(json)
    }

    /// - Returns: the forecasts of a metric at the polls that they were made at; nil without any.
    private func forecast(_ index: Int, stride: Int) -> JSON? {
        guard let horizon = bands[index].lazy.compactMap({ $0?.horizon }).last else { return nil }
        let shown = Swift.stride(from: 0, to: polls, by: stride).map { bands[index][$0] }
        return [
            "horizon": .number(horizon / .seconds(1)),
            "low": .array(shown.map { $0.map { .rounded(min($0.expected, $0.upper)) } ?? .null }),
            "high": .array(shown.map { $0.map { .rounded($0.upper) } ?? .null }),
        ]
    }
}

extension ReportRecording.Segment {
    fileprivate var json: JSON {
        [
            .integer(Int64(poll)), .integer(Int64(decision.current)), .integer(Int64(decision.desired)),
            .string(decision.reason),
        ]
    }
}

extension Range<Int> {
    fileprivate var json: JSON { [.integer(Int64(lowerBound)), .integer(Int64(upperBound))] }
}

extension JSON {
    /// Rounds to four significant digits, which is more than a line on a screen shows.
    fileprivate static func rounded(_ value: Double) -> JSON {
        var scale = 1.0
        while value.magnitude > 0, value.magnitude * scale < 1_000, scale < 1e9 { scale *= 10 }
        let rounded = (value * scale).rounded() / scale
        return rounded.isFinite ? .number(rounded) : .null
    }
}
