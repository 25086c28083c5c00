import PluginSDK
import SourceSupport

/// The validated query of a config, and the evaluation of points.
struct Query: Sendable {
    let config: PubSubConfig
    let subscription: SubscriptionName
    /// The maximum age of a point in seconds.
    private let window: Int

    init(_ config: PubSubConfig) throws(PluginError) {
        self.config = config
        subscription = try SubscriptionName.parse(config).mapError { problem in
            PluginError(.configInvalid, problem.message, path: problem.path)
        }.get()
        guard let window = config.windowSeconds else {
            throw PluginError(.configInvalid, "window is not a duration", path: "window")
        }
        self.window = window
    }

    /// Returns the earliest end of a valid point at that time. Both are microseconds since 1970.
    func windowStart(_ time: Int64) -> Int64 { time - Int64(window) * 1_000_000 }

    /// Returns the single value of the newest points of all series at that time.
    ///
    /// - Throws: `no_data` if there is none, because missing data does not mean an empty subscription.
    func reading(of series: [TimeSeries], at time: Int64) throws(PluginError) -> MetricReading {
        let points = series.compactMap { $0.newest(at: time) }
        guard let oldest = points.map(\.endMicroseconds).min() else {
            throw PluginError(
                .noData,
                "Cloud Monitoring has no point of \(subscription.id) in project \(subscription.project) within \(window) s. "
                    + "Check both names, and this machine's clock; a new subscription's first point takes some minutes")
        }
        guard oldest >= windowStart(time) else {
            let age = (time - oldest) / 1_000_000
            throw PluginError(
                .noData,
                "the newest point is \(age) s old, and window is \(window) s: Cloud Monitoring is late, or this machine's "
                    + "clock is ahead")
        }
        let values = points.map(\.value)
        let sum = values.reduce(0, +)
        let kind = config.aggregation ?? (config.metric == .oldestUnackedAge ? .max : .sum)
        let value =
            switch kind {
            case .sum: sum
            case .avg: sum / Double(values.count)
            case .min: values.min() ?? sum
            case .max: values.max() ?? sum
            }
        guard value.isFinite else { throw PluginError(.noData, "the newest point is \(value), which is not a number") }
        let detail = points.count == 1 ? nil : "the \(kind.rawValue) of \(points.count) regions"
        return MetricReading(value: value, unit: config.metric.unit, observedAtMicroseconds: oldest, detail: detail)
    }

    /// Returns the reading at each time of the window that has one.
    ///
    /// - Throws: `no_data` if none has.
    func range(of series: [TimeSeries], _ window: RangeWindow) throws(PluginError) -> MetricRange {
        var range = MetricRange(points: [], unit: config.metric.unit)
        var lastGap: PluginError?
        for time in window.times {
            do throws(PluginError) {
                let reading = try reading(of: series, at: time)
                range.points.append(MetricRange.Point(atMicroseconds: time, value: reading.value))
                range.detail = range.detail ?? reading.detail
            } catch {
                guard error.kind == .noData else { throw error }
                lastGap = error
            }
        }
        if range.points.isEmpty, let lastGap { throw lastGap }
        return range
    }
}

/// The points of one series in ascending order of time.
struct TimeSeries: Hashable {
    private let points: [TimeSeriesPage.Point]

    init(_ points: [TimeSeriesPage.Point]) {
        self.points = points.sorted { $0.endMicroseconds < $1.endMicroseconds }
    }

    /// Returns the last point that ended at or before that time.
    func newest(at time: Int64) -> TimeSeriesPage.Point? {
        var low = 0
        var high = points.count
        while low < high {
            let middle = (low + high) / 2
            if points[middle].endMicroseconds <= time { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? points[low - 1] : nil
    }
}
