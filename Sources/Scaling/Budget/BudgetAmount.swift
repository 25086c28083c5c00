/// An amount of a budget's unit, in millionths. Sums and multiples are exact: three times 0.1 is 0.3.
package struct BudgetAmount: Sendable, Hashable, Comparable {
    package var millionths: Int128

    package init(millionths: Int128) {
        self.millionths = millionths
    }

    package static let zero = BudgetAmount(millionths: 0)
    /// The smallest amount above 0.
    package static let smallest = BudgetAmount(millionths: 1)
    /// The largest amount of one replica, which keeps products with replicas and weights within 128 bits.
    package static let largestConsumption = BudgetAmount(millionths: 1 << 62)
    /// The largest limit.
    package static let largest = BudgetAmount(millionths: 1 << 80)

    /// Rounds to millionths; nil if the number is negative, not finite, or greater than ``largest``.
    package init?(_ units: Double) {
        let scaled = (units * 1e6).rounded()
        guard scaled >= 0, scaled <= Double(Self.largest.millionths) else { return nil }
        millionths = Int128(scaled)
    }

    package var units: Double { Double(millionths) / 1e6 }

    package static func < (one: BudgetAmount, other: BudgetAmount) -> Bool { one.millionths < other.millionths }

    package static func + (one: BudgetAmount, other: BudgetAmount) -> BudgetAmount {
        BudgetAmount(millionths: one.millionths + other.millionths)
    }

    package static func - (one: BudgetAmount, other: BudgetAmount) -> BudgetAmount {
        BudgetAmount(millionths: one.millionths - other.millionths)
    }

    package static func * (replicas: Int, consumption: BudgetAmount) -> BudgetAmount {
        // At most 2^31 replicas and 2^62 millionths, so that nothing overflows.
        BudgetAmount(millionths: Int128(replicas) &* consumption.millionths)
    }

    package static func += (one: inout BudgetAmount, other: BudgetAmount) { one = one + other }
    package static func -= (one: inout BudgetAmount, other: BudgetAmount) { one = one - other }

    /// Returns how many replicas of a consumption above 0 fit into the amount, at most `Int32.max`.
    package func replicas(of consumption: BudgetAmount) -> Int {
        guard millionths > 0 else { return 0 }
        return Int(min(millionths / consumption.millionths, Int128(Int32.max)))
    }
}
