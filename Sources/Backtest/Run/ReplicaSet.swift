import Scaling

/// The replicas of the simulated target: those that take load, and those that are still starting.
struct ReplicaSet {
    private struct Start {
        let readyAt: Timestamp
        var count: Int
    }

    private(set) var ready: Int
    /// The replicas that are starting, in the order in which they become ready.
    private var starting: [Start] = []
    let startupDelay: Duration

    init(ready: Int, startupDelay: Duration) {
        self.ready = ready
        self.startupDelay = startupDelay
    }

    var current: Int { starting.reduce(ready) { $0 + $1.count } }

    mutating func advance(to now: Timestamp) {
        while let first = starting.first, first.readyAt <= now {
            ready += first.count
            starting.removeFirst()
        }
    }

    /// Starts replicas that are added, and removes the youngest first.
    mutating func scale(to replicas: Int, at now: Timestamp) {
        var surplus = current - replicas
        if surplus < 0 { starting.append(Start(readyAt: now + startupDelay, count: -surplus)) }
        while surplus > 0, let youngest = starting.last {
            let removed = min(surplus, youngest.count)
            surplus -= removed
            starting[starting.count - 1].count -= removed
            if starting[starting.count - 1].count == 0 { starting.removeLast() }
        }
        if surplus > 0 { ready -= surplus }
        advance(to: now)
    }
}
