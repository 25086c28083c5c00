/// A measurable quantity. Its true value changes over time; plugins' readings may differ.
struct Series: Sendable, Equatable {
    /// Every scaler's `targetValue`: readings are multiples of it.
    static let target = 10.0

    let name: String
    let isAverage: Bool
    /// For Value, the ratio to the target; for AverageValue, the number of required replicas.
    var level: Double

    var value: Double { level * Self.target }

    static func random(_ index: Int, _ random: RandomSource) -> Series {
        var series = Series(name: "s\(index)", isAverage: random.chance(percent: 40), level: 1)
        series.change(random)
        return series
    }

    /// The series at a level at which every scaler should have more replicas than its maximum.
    var askingForMore: Series {
        var series = self
        series.level = isAverage ? 30 : 4
        return series
    }

    mutating func change(_ random: RandomSource) {
        level =
            isAverage
            ? random.pick([0, 0, 0.5, 1, 2, 3, 4, 5, 6, 8, 11])
            : random.pick([0, 0, 0.2, 0.4, 0.6, 0.8, 0.95, 1, 1.05, 1.3, 1.6, 2, 3, 6])
    }
}
