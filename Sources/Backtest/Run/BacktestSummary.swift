package import Scaling
package import WireFormats

/// The results of a backtest.
package struct BacktestSummary: Sendable, Hashable {
    package private(set) var polls = 0
    /// Time in which a metric was above what the ready replicas can take.
    package private(set) var timeOutOfSLO: Duration = .zero
    /// Time in which a metric had no value, and none was above what the ready replicas can take.
    package private(set) var timeUnknown: Duration = .zero
    package private(set) var replicaSeconds: Double = 0
    package private(set) var scaleUps = 0
    package private(set) var scaleDowns = 0
    /// Scaling events that reversed the previous one within ``flapTime``.
    package private(set) var flaps = 0
    package private(set) var fewestReplicas = Int.max
    package private(set) var mostReplicas = 0
    /// How many decisions each cause limited.
    package private(set) var limits: [Cause: Int] = [:]
    /// When which schedule set a value.
    package private(set) var schedules: [String: ScheduleUse] = [:]
    /// The forecasts, of the metrics that have some, in the order of the spec.
    package private(set) var forecasts: [ForecastTally]
    private let forecastPlaces: [Int]
    /// What one ready replica can take, by metric.
    package let capacities: [String: Double]
    private let interval: Duration
    private let price: Double?
    private let isDryRun: Bool
    private var lastScaling: Scaling?

    package struct ScheduleUse: Sendable, Hashable {
        package fileprivate(set) var time: Duration = .zero
        /// Stretches of time in which it set a value.
        package fileprivate(set) var windows = 0
        fileprivate var lastPoll = -1
    }

    private struct Scaling: Sendable, Hashable {
        let time: Timestamp
        let isUp: Bool
    }

    /// A scaling event that reverses the previous one within this time is a flap.
    package static let flapTime: Duration = .seconds(600)

    /// A share of unknown time above which a user has to be warned.
    package static let notableUnknownShare = 0.05
    /// A share of unknown time above which the rest says nothing about the whole.
    package static let acceptableUnknownShare = 0.5

    init(backtest: Backtest) {
        interval = backtest.spec.pollingInterval
        isDryRun = backtest.spec.isDryRun
        price = backtest.price
        let named = zip(backtest.spec.metrics, backtest.capacities).compactMap { metric, capacity in
            capacity.map { (metric.name, $0) }
        }
        forecastPlaces = backtest.spec.forecastMetrics
        forecasts = forecastPlaces.map { ForecastTally(metric: backtest.spec.metrics[$0].name) }
        capacities = Dictionary(named, uniquingKeysWith: { $1 })
    }

    package var time: Duration { interval * polls }
    package var replicaHours: Double { replicaSeconds / 3_600 }
    /// The cost in the currency of the price; nil without a price.
    package var cost: Double? { price.map { $0 * replicaHours } }
    /// The share of the known time; nil if none is known.
    package var shareOutOfSLO: Double? {
        let known = time - timeUnknown
        return known > .zero ? timeOutOfSLO / known : nil
    }
    /// The share of the whole time.
    package var shareUnknown: Double { polls > 0 ? timeUnknown / time : 1 }
    package var scalingEvents: Int { scaleUps + scaleDowns }

    mutating func add(_ step: BacktestStep, replicasAfter: Int) {
        polls += 1
        switch step.standing {
        case .unknown: timeUnknown += interval
        case .exceeded: timeOutOfSLO += interval
        case .within, .notCounted: break
        }
        replicaSeconds += Double(replicasAfter) * (interval / .seconds(1))
        fewestReplicas = min(fewestReplicas, replicasAfter)
        mostReplicas = max(mostReplicas, replicasAfter)
        for (index, place) in forecastPlaces.enumerated() {
            let record = step.decision.forecasts.first { $0.metric == forecasts[index].metric }
            forecasts[index].add(
                record, demand: step.metrics[place].demand, at: step.decision.time, for: interval)
        }
        for cause in step.decision.limitedBy { limits[cause, default: 0] += 1 }
        for name in Set(step.decision.scheduled.map(\.schedule)) {
            var use = schedules[name] ?? ScheduleUse()
            use.time += interval
            if use.lastPoll != polls - 1 { use.windows += 1 }
            use.lastPoll = polls
            schedules[name] = use
        }
        if step.decision.changesReplicas, !isDryRun { countScaling(step.decision) }
    }

    private mutating func countScaling(_ decision: Decision) {
        let isUp = decision.desired > decision.current
        if isUp { scaleUps += 1 } else { scaleDowns += 1 }
        if let lastScaling, lastScaling.isUp != isUp, decision.time - lastScaling.time < Self.flapTime { flaps += 1 }
        lastScaling = Scaling(time: decision.time, isUp: isUp)
    }

    package var json: JSON {
        var summary: [String: JSON] = [
            "polls": .integer(Int64(polls)), "seconds": .number(time / .seconds(1)),
            "secondsOutOfSLO": shareOutOfSLO.map { _ in .number(timeOutOfSLO / .seconds(1)) } ?? .null,
            "shareOutOfSLO": shareOutOfSLO.map(JSON.number) ?? .null,
            "secondsUnknown": .number(timeUnknown / .seconds(1)), "shareUnknown": .number(shareUnknown),
            "capacityPerReplica": .object(capacities.mapValues(JSON.number)), "replicaHours": .number(replicaHours),
            "scalingEvents": .integer(Int64(scalingEvents)), "scaleUps": .integer(Int64(scaleUps)),
            "scaleDowns": .integer(Int64(scaleDowns)), "flaps": .integer(Int64(flaps)),
            "fewestReplicas": .integer(Int64(polls == 0 ? 0 : fewestReplicas)),
            "mostReplicas": .integer(Int64(mostReplicas)),
            "limitedBy": .object(
                Dictionary(uniqueKeysWithValues: limits.map { ($0.key.rawValue, .integer(Int64($0.value))) })),
        ]
        if !schedules.isEmpty {
            summary["schedules"] = .object(
                schedules.mapValues {
                    ["seconds": .number($0.time / .seconds(1)), "windows": .integer(Int64($0.windows))]
                })
        }
        if !forecasts.isEmpty { summary["forecasts"] = .array(forecasts.map(\.json)) }
        if let cost { summary["cost"] = .number(cost) }
        if let price { summary["pricePerReplicaHour"] = .number(price) }
        return .object(summary)
    }
}

extension ForecastTally {
    fileprivate var json: JSON {
        [
            "metric": .string(metric), "seconds": .number(time / .seconds(1)),
            "secondsActive": .number(timeActive / .seconds(1)), "skill": skill.map(JSON.number) ?? .null,
            "coverage": coverage.map(JSON.number) ?? .null, "relativeError": relativeError.map(JSON.number) ?? .null,
        ]
    }
}
