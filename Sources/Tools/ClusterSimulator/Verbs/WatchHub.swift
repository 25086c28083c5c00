/// All running watches.
struct WatchHub: Sendable {
    private struct Running: Sendable {
        var watch: Watch
        let subscription: WatchSubscription
    }

    private var running: [GroupResource: [Running]] = [:]
    /// The earliest time at which a watch sends a bookmark or ends.
    private(set) var nextDeadline: Int64?
    private var isClosed = false

    mutating func add(_ watch: Watch, _ subscription: WatchSubscription) {
        guard !isClosed else { return subscription.end(.complete) }
        running[watch.resource, default: []].append(Running(watch: watch, subscription: subscription))
        note(watch)
    }

    mutating func dispatch(_ event: StoreEvent) {
        guard var watches = running.removeValue(forKey: event.resource) else { return }
        watches.removeAll { $0.subscription.isEnded }
        for index in watches.indices {
            if let frame = watches[index].watch.frame(event) { watches[index].subscription.offer(frame) }
        }
        running[event.resource] = watches.isEmpty ? nil : watches
    }

    mutating func advance(to now: Int64, revision: UInt64) {
        guard let due = nextDeadline, due <= now else { return }
        nextDeadline = nil
        for resource in running.keys {
            var watches = running.removeValue(forKey: resource) ?? []
            for index in watches.indices {
                if let time = watches[index].watch.nextBookmark, time <= now {
                    watches[index].subscription.offer(watches[index].watch.bookmark(revision))
                    watches[index].watch.bookmarkSent(at: now)
                }
                if watches[index].watch.deadline <= now { watches[index].subscription.end(.complete) }
            }
            watches.removeAll { $0.subscription.isEnded }
            for running in watches { note(running.watch) }
            running[resource] = watches.isEmpty ? nil : watches
        }
    }

    /// Ends all current and future watches, because a client whose watch ends starts a new one immediately.
    mutating func close() {
        isClosed = true
        end(.complete) { _ in true }
    }

    /// Ends the watches of a resource, or all watches.
    mutating func end(_ ending: WatchSubscription.Ending, where isEnded: (GroupResource) -> Bool) {
        for resource in running.keys where isEnded(resource) {
            for running in running.removeValue(forKey: resource) ?? [] { running.subscription.end(ending) }
        }
    }

    private mutating func note(_ watch: Watch) {
        let due = min(watch.deadline, watch.nextBookmark ?? .max)
        nextDeadline = min(nextDeadline ?? .max, due)
    }
}
