/// The lowest or highest recommendation of a sliding time window.
///
/// A monotonic queue: a recommendation that a later one makes irrelevant is dropped immediately, so there is at most
/// one entry per distinct value and poll of the window.
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

    /// Adds a recommendation. If the clock was set back, entries with a later time are moved to the current time:
    /// otherwise they would hold replicas until the clock has caught up.
    mutating func record(_ replicas: Int, at time: Timestamp, length: Duration) {
        if let last = entries.last, last.time > time {
            entries = entries.map { Entry(time: min($0.time, time), replicas: $0.replicas) }
        }
        while let last = entries.last, extreme == .lowest ? last.replicas >= replicas : last.replicas <= replicas {
            entries.removeLast()
        }
        entries.append(Entry(time: time, replicas: replicas))
        // The newest always counts; others count if they are after the cut-off, as in the HorizontalPodAutoscaler.
        let expired = entries.dropLast().prefix { time - $0.time >= length }.count
        entries.removeFirst(expired)
    }

    /// The extreme of the window, or nil before the first record.
    var value: Int? { entries.first?.replicas }
}
