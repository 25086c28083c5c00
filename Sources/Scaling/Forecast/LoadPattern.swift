/// A way to expect the load of a later bucket from how it moved at the same time of earlier days.
///
/// The move of a day is the level of the later bucket less that of the present one, on that day. The median over the
/// days, added to the present level, is the expected level: a load that has grown keeps its shape, and one unusual day
/// changes nothing. Source: the seasonal naive method of Hyndman and Athanasopoulos, "Forecasting: Principles and
/// Practice" (3rd edition), section 5.2, with a median over seasons in place of the last one.
package enum LoadPattern: String, Sendable, Hashable, CaseIterable {
    case daily = "daily pattern"
    case weekly = "weekly pattern"
    case yesterday = "pattern of yesterday"
    /// The daily pattern one hour earlier or later, for the days after a change of the clocks.
    case dailyEarlier = "daily pattern one hour earlier"
    case dailyLater = "daily pattern one hour later"
    /// From the mean level of an hour, for noisy loads.
    case dailySmoothed = "daily pattern of hourly means"
    case weeklySmoothed = "weekly pattern of hourly means"
    case trend

    private static let day = Int64(LoadHistory.bucketsPerDay)
    private static let days = (1...7).map { Int64($0) * day }
    private static let weeks = (1...3).map { Int64($0) * 7 * day }
    private static let hour = Int64(LoadHistory.bucketsPerHour)
    private static let daysLessHour = days.map { $0 - hour }
    private static let daysAndHour = days.map { $0 + hour }
    private static let oneDay = [day]

    /// How far back the moves are, in buckets.
    private var lags: [Int64] {
        switch self {
        case .daily, .dailySmoothed: Self.days
        case .weekly, .weeklySmoothed: Self.weeks
        case .yesterday: Self.oneDay
        case .dailyEarlier: Self.daysLessHour
        case .dailyLater: Self.daysAndHour
        case .trend: []
        }
    }

    /// The buckets whose mean is a level.
    private var smoothing: Int {
        switch self {
        case .dailySmoothed, .weeklySmoothed: LoadHistory.bucketsPerHour
        default: 1
        }
    }

    /// Returns the level from which the load moves.
    ///
    /// - Parameter level: that of the newest reading, which is in bucket `bucket`.
    func present(_ level: Double, in bucket: Int64, _ history: LoadHistory) -> Double {
        guard smoothing > 1 else { return level }
        return history.mean(upTo: bucket - 1, count: smoothing - 1, and: level) ?? level
    }

    /// Returns how far the level is expected to move from one bucket to a later one; nil without history.
    func move(to later: Int64, from bucket: Int64, _ history: LoadHistory) -> Double? {
        // At most seven, sorted by insertion.
        var moves: [Double] = []
        moves.reserveCapacity(7)
        for lag in lags {
            guard let then = history.mean(upTo: bucket - lag, count: smoothing), let reached = history[later - lag]
            else { continue }
            let move = reached - then
            moves.insert(move, at: moves.firstIndex { $0 > move } ?? moves.count)
        }
        guard !moves.isEmpty else { return nil }
        let middle = moves.count / 2
        return moves.count.isMultiple(of: 2) ? (moves[middle - 1] + moves[middle]) / 2 : moves[middle]
    }
}

/// A trend that becomes weaker with distance.
///
/// Source: Gardner and McKenzie, "Forecasting Trends in Time Series" (1985), the damped form of Holt's linear method.
struct DampedTrend: Sendable, Hashable {
    private static let damping = 0.9
    private static let levelWeight = 0.5
    private static let slopeWeight = 0.1

    private var level: Double?
    private var slope = 0.0

    mutating func record(_ newest: Double) {
        guard let level else {
            self.level = newest
            return
        }
        let error = newest - (level + Self.damping * slope)
        self.level = newest - (1 - Self.levelWeight) * error
        slope = Self.damping * slope + Self.slopeWeight * error
    }

    /// Returns how far the level is expected to move; nil before the first record.
    func move(over buckets: Int64) -> Double? {
        guard level != nil else { return nil }
        var (sum, factor) = (0.0, Self.damping)
        for _ in 0..<max(0, buckets) {
            sum += factor
            factor *= Self.damping
        }
        return slope * sum
    }
}
