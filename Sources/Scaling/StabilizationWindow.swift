/// The lowest or highest recommendation of the last stretch of time.
///
/// Keeps a monotonic queue: a recommendation that a later one makes irrelevant is dropped at once, so what is kept is
/// at most one entry per distinct value and poll of the window.
struct StabilizationWindow: Sendable, Hashable {
    enum Extreme: Sendable { case lowest, highest }

    struct Entry: Sendable, Hashable {
        let time: Timestamp
        let replicas: Int
    }

    let extreme: Extreme
    private(set) var entries: [Entry] = []

    init(_ extreme: Extreme) {
        self.extreme = extreme
    }

    /// Where the clock has gone back, what is kept from a later time counts as from now: else it would stay, and hold,
    /// until the clock has caught up.
    mutating func record(_ replicas: Int, at time: Timestamp, length: Duration) {
        if let last = entries.last, last.time > time {
            entries = entries.map { Entry(time: min($0.time, time), replicas: $0.replicas) }
        }
        while let last = entries.last, extreme == .lowest ? last.replicas >= replicas : last.replicas <= replicas {
            entries.removeLast()
        }
        entries.append(Entry(time: time, replicas: replicas))
        // The newest always counts; of the others those after the cut-off, as in the HorizontalPodAutoscaler.
        let expired = entries.dropLast().prefix { time - $0.time >= length }.count
        entries.removeFirst(expired)
    }

    /// The extreme of what is kept, or nil before the first record.
    var value: Int? { entries.first?.replicas }
}
