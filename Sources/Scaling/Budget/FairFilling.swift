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
        let consumption: Int128
        let weight: Int128
        /// Those handed out, `start` included.
        var replicas: Int

        init(index: Int, start: Int, end: Int, consumption: Int128, weight: Int128) {
            self.index = index
            self.start = start
            self.end = end
            self.consumption = consumption
            self.weight = weight
            replicas = start
        }

        /// Whether the next replica of this slot comes before that of another one.
        func precedes(_ other: Slot) -> Bool {
            // At most 2^31 replicas, 2^62 millionths and a weight of 2^20, so that nothing overflows.
            let own = Int128(replicas) &* consumption &* other.weight
            let others = Int128(other.replicas) &* other.consumption &* weight
            return own == others ? index < other.index : own < others
        }
    }

    /// The levels of weighted use per millionth. Two replicas of one slot are at least one level apart, as weights are
    /// smaller than this.
    private static let levels: Int128 = 1 << 20
    /// By how much a level is lowered if it was too high because of rounding.
    private static let reduction = 1 - 1e-9
    private static let maxReductions = 8

    private(set) var slots: [Slot]
    /// What is left of the budget.
    private(set) var budget: Int128

    init(_ slots: [Slot], budget: Int128) {
        self.slots = slots
        self.budget = budget
    }

    /// - Returns: whether all replicas fit.
    mutating func run() -> Bool {
        let total = slots.reduce(Int128.zero) { $0 + Int128($1.end - $1.start) * $1.consumption }
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
        var (fits, exceeds) = (0.0.bitPattern, (lines.map { $0.end / $0.replicasPerLevel }.max() ?? 0).bitPattern)
        while exceeds > fits + 1 {
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

    /// Hands out all replicas below a level, or below one that is a little lower.
    private mutating func raise(to approximateLevel: Double) {
        var level = approximateLevel
        for _ in 0..<Self.maxReductions {
            let exact = Int128((level * Double(Self.levels)).rounded(.down))
            var cost: Int128 = 0
            for slot in slots { cost += Int128(Self.replicas(of: slot, below: exact) - slot.start) * slot.consumption }
            if cost <= budget {
                for position in slots.indices {
                    slots[position].replicas = Self.replicas(of: slots[position], below: exact)
                }
                budget -= cost
                return
            }
            level *= Self.reduction
        }
    }

    private static func replicas(of slot: Slot, below level: Int128) -> Int {
        let (product, isTooLarge) = level.multipliedReportingOverflow(by: slot.weight)
        guard !isTooLarge else { return slot.end }
        let (quotient, remainder) = product.quotientAndRemainder(dividingBy: slot.consumption * levels)
        return max(slot.start, Int(min(quotient + (remainder > 0 ? 1 : 0), Int128(slot.end))))
    }

    // MARK: The rest, one by one

    private mutating func handOutRest() -> Bool {
        var queue = SlotQueue(slots.filter { $0.replicas < $0.end })
        var changed: [Int: Int] = [:]
        while let slot = queue.first {
            guard slot.consumption <= budget else { break }
            budget -= slot.consumption
            changed[slot.index] = slot.replicas + 1
            queue.takeReplica()
        }
        for position in slots.indices {
            if let replicas = changed[slots[position].index] { slots[position].replicas = replicas }
        }
        return queue.first == nil
    }
}

/// A binary heap of slots, the one that is served next first.
private struct SlotQueue {
    private var heap: [FairFilling.Slot]

    init(_ slots: [FairFilling.Slot]) {
        // A sorted array is a heap.
        heap = slots.sorted { $0.precedes($1) }
    }

    var first: FairFilling.Slot? { heap.first }

    /// Gives the first slot one replica. A slot that has all of its replicas leaves the queue.
    mutating func takeReplica() {
        heap[0].replicas += 1
        if heap[0].replicas == heap[0].end {
            heap.swapAt(0, heap.count - 1)
            heap.removeLast()
        }
        var position = 0
        while true {
            var least = position
            for child in [2 * position + 1, 2 * position + 2]
            where child < heap.count && heap[child].precedes(heap[least]) {
                least = child
            }
            guard least != position else { return }
            heap.swapAt(position, least)
            position = least
        }
    }
}
