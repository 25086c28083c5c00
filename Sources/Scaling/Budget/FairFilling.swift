/// Hands out replicas one at a time to the slot with the lowest weighted use, until one does not fit.
///
/// In place of a loop over replicas, a level of weighted use is searched up to which all replicas fit. Only the few
/// replicas around that level are handed out one by one. The search uses floating point and is only a guess; the result
/// is computed from the guess with integers.
struct FairFilling {
    /// The replicas of a member from `start` to `end`.
    struct Slot {
        let index: Int
        let start: Int
        let end: Int
        /// Of one replica, at most ``BudgetAmount/largestConsumption``. 64 bits, because the standard library converts wider
        /// integers to floating point a hundred times slower.
        let consumption: Int64
        let weight: Int64
        /// Those handed out, `start` included.
        var replicas: Int {
            didSet { use = approximateUse }
        }
        fileprivate(set) var position = 0
        /// The weighted use, up to rounding errors.
        private(set) var use = 0.0
        private let usePerReplica: Double

        init(index: Int, start: Int, end: Int, consumption: Int64, weight: Int64) {
            self.index = index
            self.start = start
            self.end = end
            self.consumption = consumption
            self.weight = weight
            replicas = start
            usePerReplica = Double(consumption) / Double(weight)
            use = approximateUse
        }

        private var approximateUse: Double { Double(replicas) * usePerReplica }

        /// What the replicas from `start` to another number consume.
        func cost(upTo replicas: Int) -> Int128 { Int128(replicas - start) &* Int128(consumption) }

        /// Whether the next replica of this slot comes before that of another one.
        func precedes(_ other: Slot) -> Bool {
            // Most slots differ by more than rounding errors, or have the same terms.
            let difference = use - other.use
            if abs(difference) > max(use, other.use) * FairFilling.useError { return difference < 0 }
            if replicas == other.replicas, consumption == other.consumption, weight == other.weight {
                return index < other.index
            }
            // At most 2^31 replicas, 2^62 millionths and a weight of 2^20, so that nothing overflows.
            let own = Int128(replicas) &* Int128(consumption) &* Int128(other.weight)
            let others = Int128(other.replicas) &* Int128(other.consumption) &* Int128(weight)
            return own == others ? index < other.index : own < others
        }
    }

    /// The levels of weighted use per millionth. Two replicas of one slot are at least one level apart, as weights are
    /// smaller than this.
    private static let levels: Int128 = 1 << 20
    /// The relative difference of weighted uses that rounding errors cannot explain. Each has four of at most 2^-53.
    private static let useError = 1e-14
    /// How many of the lowest bits of a level are not searched: a relative error of 2^-30, within which lie few replicas.
    private static let ignoredBits: UInt64 = 1 << 22
    /// By how much a level is lowered if it was too high because of rounding.
    private static let reduction = 1 - 1e-9
    private static let maxReductions = 8

    private(set) var slots: [Slot]
    /// What is left of the budget.
    private(set) var budget: Int128

    init(_ slots: [Slot], budget: Int128) {
        self.slots = slots
        self.budget = budget
        for position in slots.indices { self.slots[position].position = position }
    }

    /// - Returns: whether all replicas fit.
    mutating func run() -> Bool {
        let total = slots.reduce(Int128.zero) { $0 + $1.cost(upTo: $1.end) }
        if total <= budget {
            for position in slots.indices { slots[position].replicas = slots[position].end }
            budget -= total
            return true
        }
        guard budget > 0 else { return false }
        raise(to: approximateLevel())
        return handOutRest()
    }

    // MARK: The level

    /// Returns the highest level, up to rounding errors, up to which all replicas fit.
    private func approximateLevel() -> Double {
        struct Line {
            let replicasPerLevel: Double
            let start: Double
            let end: Double
            let consumption: Double
        }
        let lines = slots.map { slot in
            let consumption = Double(slot.consumption)
            return Line(
                replicasPerLevel: Double(slot.weight) / consumption, start: Double(slot.start), end: Double(slot.end),
                consumption: consumption)
        }
        let available = Double(budget) * Self.reduction
        // The bit patterns of positive numbers are in the order of the numbers, so that this bisects every magnitude.
        let most = lines.reduce(0) { max($0, $1.end / $1.replicasPerLevel) }
        var (fits, exceeds) = (lowestLevel(available).bitPattern, most.bitPattern)
        while exceeds > fits + Self.ignoredBits {
            let middle = fits + (exceeds - fits) / 2
            let level = Double(bitPattern: middle)
            var cost = 0.0
            for line in lines {
                // Rounded up, without a call of the C library.
                let exact = min(level * line.replicasPerLevel, line.end)
                let whole = Double(Int(exact))
                let replicas = max(line.start, whole < exact ? whole + 1 : whole)
                cost += (replicas - line.start) * line.consumption
            }
            if cost <= available { fits = middle } else { exceeds = middle }
        }
        return Double(bitPattern: fits)
    }

    /// Returns a level that fits in any case: at which each slot without a start or an end has its share, and its last
    /// replica is rounded up.
    private func lowestLevel(_ available: Double) -> Double {
        var (weights, rounding) = (0.0, 0.0)
        for slot in slots {
            weights += Double(slot.weight)
            rounding += Double(slot.consumption)
        }
        return max(0, (available - rounding) / weights)
    }

    /// Hands out all replicas below a level, or below one that is a little lower.
    private mutating func raise(to approximateLevel: Double) {
        var level = approximateLevel
        var raised = [Int](repeating: 0, count: slots.count)
        for _ in 0..<Self.maxReductions {
            let exact = Int128((level * Double(Self.levels)).rounded(.down))
            var cost: Int128 = 0
            for (position, slot) in slots.enumerated() {
                let replicas = Self.replicas(of: slot, below: exact)
                raised[position] = replicas
                cost += slot.cost(upTo: replicas)
            }
            if cost <= budget {
                for position in slots.indices { slots[position].replicas = raised[position] }
                budget -= cost
                return
            }
            level *= Self.reduction
        }
    }

    private static func replicas(of slot: Slot, below level: Int128) -> Int {
        let (product, isTooLarge) = level.multipliedReportingOverflow(by: Int128(slot.weight))
        guard !isTooLarge else { return slot.end }
        let divisor = Int128(slot.consumption) * levels
        if let small = Int64(exactly: product), let divisor = Int64(exactly: divisor) {
            // The usual magnitude, whose division is one instruction.
            let (quotient, remainder) = small.quotientAndRemainder(dividingBy: divisor)
            return max(slot.start, min(Int(quotient) + (remainder > 0 ? 1 : 0), slot.end))
        }
        let (quotient, remainder) = product.quotientAndRemainder(dividingBy: divisor)
        return max(slot.start, Int(min(quotient + (remainder > 0 ? 1 : 0), Int128(slot.end))))
    }

    // MARK: The rest, one by one

    private mutating func handOutRest() -> Bool {
        var queue = SlotQueue(slots.filter { $0.replicas < $0.end })
        while let slot = queue.first {
            guard Int128(slot.consumption) <= budget else { break }
            budget -= Int128(slot.consumption)
            slots[slot.position].replicas = slot.replicas + 1
            queue.takeReplica()
        }
        return queue.first == nil
    }
}

/// A binary heap of slots, the one that is served next first.
private struct SlotQueue {
    private var heap: [FairFilling.Slot]

    init(_ slots: [FairFilling.Slot]) {
        heap = slots
        for position in stride(from: heap.count / 2 - 1, through: 0, by: -1) { sink(from: position) }
    }

    var first: FairFilling.Slot? { heap.first }

    /// Gives the first slot one replica. A slot that has all of its replicas leaves the queue.
    mutating func takeReplica() {
        heap[0].replicas += 1
        if heap[0].replicas == heap[0].end {
            heap.swapAt(0, heap.count - 1)
            heap.removeLast()
        }
        sink(from: 0)
    }

    private mutating func sink(from start: Int) {
        var position = start
        while true {
            var least = position
            let child = 2 * position + 1
            if child < heap.count, heap[child].precedes(heap[least]) { least = child }
            if child + 1 < heap.count, heap[child + 1].precedes(heap[least]) { least = child + 1 }
            guard least != position else { return }
            heap.swapAt(position, least)
            position = least
        }
    }
}
