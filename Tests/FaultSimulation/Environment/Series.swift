/// One thing that can be measured. Its true value changes with time; what plugins say of it is another matter.
struct Series: Sendable, Equatable {
    /// Every scaler's `targetValue`: values are told as multiples of it.
    static let target = 10.0

    let name: String
    let isAverage: Bool
    /// Value: the ratio to the target. AverageValue: replicas' worth of it.
    var level: Double

    var value: Double { level * Self.target }

    static func random(_ index: Int, _ dice: Dice) -> Series {
        var series = Series(name: "s\(index)", isAverage: dice.chance(percent: 40), level: 1)
        series.change(dice)
        return series
    }

    /// As it is when every scaler should have more replicas than it may.
    var askingForMore: Series {
        var series = self
        series.level = isAverage ? 30 : 4
        return series
    }

    mutating func change(_ dice: Dice) {
        level =
            isAverage
            ? dice.pick([0, 0, 0.5, 1, 2, 3, 4, 5, 6, 8, 11])
            : dice.pick([0, 0, 0.2, 0.4, 0.6, 0.8, 0.95, 1, 1.05, 1.3, 1.6, 2, 3, 6])
    }
}
