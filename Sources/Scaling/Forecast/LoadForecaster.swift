/// Forecasts the load of one metric, one start-up time ahead, from its own past.
///
/// Several methods (``LoadPattern``) expect a level each, and each has a margin that follows its own misses
/// (``ConformalQuantile``). They are mixed by the inverse power of their recent loss. ``ForecastGate`` compares the
/// mixture with simple rules.
///
/// A pure state machine: its forecasts depend on nothing but the readings that it was given. At most 20 KiB
/// (`ForecasterTests` measures it).
package struct LoadForecaster: Sendable {
    package struct Settings: Sendable, Hashable {
        /// The load of a replica at the target: smaller differences hardly count.
        package var unit: Double
        /// What a replica may carry, as a multiple of the target.
        package var headroom: Double
        package var horizon: Duration
        package var historyDays: Int
        package var quantile: Double
        package var maxIncrease: Double

        /// A forecast for the end of the horizon also covers the next minute, in which the replicas of several scaling
        /// events become ready.
        static let lead: Duration = .seconds(60)
    }

    package private(set) var settings: Settings
    private var history: LoadHistory
    private var trend = DampedTrend()
    private var methods = Array(repeating: ConformalQuantile(), count: LoadPattern.allCases.count)
    private var gate = ForecastGate()
    /// The bucket of the newest reading.
    private var open: OpenBucket?
    /// The loads of the buckets of the last hour, oldest first.
    private var recent: [Double] = []
    /// Forecasts of buckets that are not complete yet, in their order.
    private var pending: [PendingForecast] = []
    private var moves: [Moves] = []
    /// The last bucket that was forecast for comparison.
    private var lastForecast: Int64?

    private struct OpenBucket: Sendable {
        let bucket: Int64
        var sum = 0.0
        var count = 0.0
        var mean: Double { sum / count }
    }

    private struct PendingForecast: Sendable {
        let bucket: Int64
        /// One per method; nil for one without history.
        let expected: [Double?]
        let rules: ForecastGate.Rules
        let upper: Double
        let load: Double
    }

    /// The exponent of a method's loss in its share of the mixture, as a power of two: the eighth power.
    private static let doublings = 3
    /// The share of a method without any loss yet.
    private static let untrainedShare = 1e-3
    private static let leastLoss = 1e-9

    package init(_ settings: Settings) {
        self.settings = settings
        history = LoadHistory(days: settings.historyDays)
    }

    /// Continues with changed settings. Another horizon keeps what was learned, since the margins follow; other changes
    /// begin again.
    mutating func adopt(_ changed: Settings) {
        guard changed != settings else { return }
        var sameButHorizon = settings
        sameButHorizon.horizon = changed.horizon
        if sameButHorizon == changed { settings = changed } else { self = LoadForecaster(changed) }
    }

    /// An upper bound of its memory, to the overhead of the allocator.
    package var stateBytes: Int {
        let header = 32
        let perMethod = header + LoadPattern.allCases.count * MemoryLayout<Double?>.stride
        let perRules = header + ForecastGate.Rules.count * MemoryLayout<Double>.stride
        return MemoryLayout<Self>.size + history.bytes + gate.bytes
            + header + methods.count * MemoryLayout<ConformalQuantile>.stride
            + header + pending.count * (MemoryLayout<PendingForecast>.stride + perMethod + perRules)
            + header + moves.count * (MemoryLayout<Moves>.stride + perMethod)
            + header + recent.count * MemoryLayout<Double>.stride
    }

    package var verdict: ForecastVerdict { gate.verdict(maxIncrease: settings.maxIncrease) }
    package var skill: Double? { gate.skill }

    /// Takes a reading and returns the forecast from then; nil while there is no history, and for a reading that is older
    /// than the last one by a bucket.
    ///
    /// - Parameter load: of all replicas together; a negative one counts as 0.
    package mutating func forecast(after load: Double, at time: Timestamp) -> LoadForecast? {
        guard learn(load, at: time), let bucket = open?.bucket else { return nil }
        let first = LoadHistory.bucket(of: time + settings.horizon)
        let last = LoadHistory.bucket(of: time + settings.horizon + Settings.lead)
        var highest: Mixture?
        for later in first...max(first, last) {
            guard let mixture = mixture(of: expected(later, from: bucket, at: level(load))) else { continue }
            if mixture.upper > highest?.upper ?? -1 { highest = mixture }
        }
        return highest.map { mixture in
            LoadForecast(
                load: max(0, load), expected: self.load(mixture.expected), upper: self.load(mixture.upper),
                horizon: settings.horizon, pattern: mixture.leading, skill: gate.skill, verdict: verdict)
        }
    }

    /// Takes a reading without forecasting, such as one of the history.
    ///
    /// - Returns: whether the reading counts.
    @discardableResult
    package mutating func learn(_ load: Double, at time: Timestamp) -> Bool {
        let load = max(0, load)
        let bucket = LoadHistory.bucket(of: time)
        guard load.isFinite, bucket >= open?.bucket ?? .min else { return false }
        if let open, open.bucket != bucket { close(open) }
        if open?.bucket != bucket { open = OpenBucket(bucket: bucket) }
        open?.sum += load
        open?.count += 1
        let newest = LoadHistory.bucket(of: time + settings.horizon + Settings.lead)
        // A bucket is forecast once, as soon as it is within the horizon.
        if let lastForecast, newest <= lastForecast { return true }
        for later in max(lastForecast.map { $0 + 1 } ?? newest, newest - 1)...newest {
            record(later, from: bucket, load: load)
        }
        lastForecast = newest
        return true
    }

    private func level(_ load: Double) -> Double {
        Logarithm.log(min(1 + max(load, 0) / settings.unit, LoadHistory.greatestLoad))
    }

    private func load(_ level: Double) -> Double { (Logarithm.exp(level) - 1) * settings.unit }

    /// Returns the load that is expected in each of the five minutes after the newest reading: by the pattern of days or
    /// weeks that has missed least, and without a margin, which is known for the horizon alone. Empty without a pattern.
    ///
    /// - Parameter duration: at most a day.
    package func outlook(over duration: Duration) -> [(time: Timestamp, load: Double)] {
        guard let open else { return [] }
        let level = level(open.mean)
        let count = min(Int64(duration / .seconds(LoadHistory.bucketSeconds)), Int64(LoadHistory.bucketsPerDay))
        let patterns = zip(LoadPattern.allCases, methods).filter { $0.0 != .trend && $0.1.isTrained }
            .sorted { $0.1.shortLoss.value < $1.1.shortLoss.value }.map(\.0)
        var outlook: [(time: Timestamp, load: Double)] = []
        for later in stride(from: open.bucket + 1, through: open.bucket + count, by: 1) {
            for pattern in patterns {
                guard let move = pattern.move(to: later, from: open.bucket, history) else { continue }
                let expected = max(0, pattern.present(level, in: open.bucket, history) + move)
                let time = Timestamp(microsecondsSince1970: later * LoadHistory.bucketSeconds * 1_000_000)
                outlook.append((time, load(expected)))
                break
            }
        }
        return outlook
    }

    // MARK: Expecting

    private struct Mixture {
        var expected: Double
        var upper: Double
        var leading: LoadPattern
    }

    /// The moves between two buckets, which stay the same until the first is complete.
    private struct Moves: Sendable {
        let bucket: Int64
        let later: Int64
        let byMethod: [Double?]
    }

    private mutating func moves(to later: Int64, from bucket: Int64) -> [Double?] {
        if let known = moves.first(where: { $0.later == later && $0.bucket == bucket }) { return known.byMethod }
        let byMethod = LoadPattern.allCases.map { pattern in
            pattern == .trend
                ? trend.move(over: later - bucket) : pattern.move(to: later, from: bucket, history)
        }
        moves.removeAll { $0.bucket != bucket }
        moves.append(Moves(bucket: bucket, later: later, byMethod: byMethod))
        return byMethod
    }

    private mutating func expected(_ later: Int64, from bucket: Int64, at level: Double) -> [Double?] {
        let moves = moves(to: later, from: bucket)
        return LoadPattern.allCases.enumerated().map { index, pattern in
            moves[index].map { max(0, pattern.present(level, in: bucket, history) + $0) }
        }
    }

    private func mixture(of expected: [Double?]) -> Mixture? {
        var best = Double.infinity
        for (method, level) in zip(methods, expected) where level != nil && method.isTrained {
            best = min(best, max(method.shortLoss.value, Self.leastLoss))
        }
        var result = Mixture(expected: 0, upper: 0, leading: .trend)
        var (total, greatest) = (0.0, 0.0)
        for (index, pattern) in LoadPattern.allCases.enumerated() {
            guard let level = expected[index] else { continue }
            let method = methods[index]
            var share = Self.untrainedShare
            if method.isTrained {
                share = best / max(method.shortLoss.value, Self.leastLoss)
                for _ in 0..<Self.doublings { share *= share }
            }
            total += share
            result.expected += share * level
            result.upper += share * (level + method.margin)
            if share > greatest { (greatest, result.leading) = (share, pattern) }
        }
        guard total > 0 else { return nil }
        result.expected /= total
        result.upper /= total
        return result
    }

    // MARK: Learning

    private mutating func record(_ later: Int64, from bucket: Int64, load: Double) {
        let expected = expected(later, from: bucket, at: level(load))
        guard let mixture = mixture(of: expected) else { return }
        var rules = ForecastGate.Rules(level: load, recent: recent)
        rules.levels = rules.levels.map(level)
        pending.append(
            PendingForecast(bucket: later, expected: expected, rules: rules, upper: mixture.upper, load: load))
    }

    private mutating func close(_ complete: OpenBucket) {
        let level = level(complete.mean)
        while let first = pending.first, first.bucket <= complete.bucket {
            pending.removeFirst()
            if first.bucket == complete.bucket { score(first, level) }
        }
        history.record(level, at: complete.bucket)
        trend.record(level)
        recent.append(complete.mean)
        if recent.count > LoadHistory.bucketsPerHour { recent.removeFirst() }
    }

    private mutating func score(_ forecast: PendingForecast, _ level: Double) {
        for (index, expected) in forecast.expected.enumerated() {
            guard let expected else { continue }
            methods[index].learn(level, expected: expected, quantile: settings.quantile)
        }
        // Before the second day there is no pattern to compare.
        guard forecast.expected[0] != nil else { return }
        let upper = load(forecast.upper) / settings.headroom
        gate.learn(
            level, rules: forecast.rules, upper: forecast.upper, added: max(0, upper - forecast.load),
            needed: forecast.load, settings)
    }
}

/// What a forecaster expects of the load one horizon after a reading.
package struct LoadForecast: Sendable, Hashable {
    /// The load now, of all replicas together.
    package var load: Double
    /// The load that is expected at the horizon.
    package var expected: Double
    /// The load that is not exceeded at the horizon, at the quantile of the spec.
    package var upper: Double
    package var horizon: Duration
    /// What the expectation mainly comes from.
    package var pattern: LoadPattern
    /// How much better than the best simple rule; nil while that is unknown.
    package var skill: Double?
    package var verdict: ForecastVerdict

    package init(
        load: Double, expected: Double, upper: Double, horizon: Duration, pattern: LoadPattern, skill: Double?,
        verdict: ForecastVerdict
    ) {
        self.load = load
        self.expected = expected
        self.upper = upper
        self.horizon = horizon
        self.pattern = pattern
        self.skill = skill
        self.verdict = verdict
    }
}
