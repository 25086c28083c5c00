import PluginProtocol

/// The load before the simulation began: the same movement every hour, which a forecast predicts without errors, so that it
/// becomes active at once. The load of half of the series rises when the simulation begins, that of the others falls.
enum PastLoad {
    /// A forecast needs nearly a day of comparisons after the first day.
    static let historyDays = 3
    /// The most by which the load grows within the horizon of a forecast, above the load of one replica at the target.
    static let mostGrowth = 2.0

    /// The history is as short as possible, because each point takes time to learn.
    private static let length: Int64 = 2 * 86_400_000_000 + 4 * 3_600_000_000
    private static let stepMicroseconds: Int64 = 300_000_000
    private static let stepsPerHour: Int64 = 12

    static func range(of series: String, _ window: RangeWindow) -> MetricRange {
        let isFalling = series.last?.wholeNumberValue?.isMultiple(of: 2) ?? false
        let first = SimulatedClock.epoch - length
        let points = window.times.filter { $0 >= first }.map { time in
            MetricRange.Point(atMicroseconds: time, value: Series.target * level(at: time, isFalling))
        }
        return MetricRange(points: points)
    }

    /// In replicas: a triangle wave from 20 to 40, above every level of a ``Series``.
    private static func level(at time: Int64, _ isFalling: Bool) -> Double {
        let step = (time / stepMicroseconds + (isFalling ? stepsPerHour / 2 : 0)) % stepsPerHour
        let height = Double(min(step, stepsPerHour - step)) / Double(stepsPerHour / 2)
        return 20 + 20 * height
    }
}
