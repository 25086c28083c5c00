import PluginProtocol
import SystemIO

/// The subscriptions of one plugin, kept across its restarts: the configs, those that it has accepted, and when to
/// request the others.
struct SubscriptionTable {
    /// A request for readings of a config, with its subscriber.
    struct SubscriptionRequest: Sendable {
        let type: String
        let config: PluginConfig
        let targetType: TargetType
        /// Called on the event loop; must not block.
        let deliver: @Sendable (MetricReading) -> Void
    }

    /// A `subscribe` to be sent.
    struct Request: Sendable {
        let id: Int64
        fileprivate let run: Int
        let subscription: SubscriptionRequest
        fileprivate let revision: Int
    }

    private enum State {
        /// To be requested at that time, or as soon as a plugin is available.
        case due(Duration)
        case asked
        /// The plugin pushes with that id.
        case active(Int64, since: Duration)
    }

    /// An event with an id whose `subscribe` answer has not been processed yet, because both arrived together.
    private enum Early {
        case reading(MetricReading)
        case ended
    }

    private struct Entry {
        var subscription: SubscriptionRequest
        var state: State
        var failures = 0
        /// Counts the queries that the entry has had: an answer to a request for an earlier one is not for this one.
        var revision = 0
    }

    private var entries: [Int64: Entry] = [:]
    /// The requests by the plugin's subscription id.
    private var active: [Int64: Int64] = [:]
    /// Kept while a request is in flight; at most as many as the plugin has subscriptions.
    private var early: [Int64: Early] = [:]
    private var queue = DeadlineQueue<Duration, Int64>()
    private var asking = 0
    /// The number of the plugin's current process; nil if there is none that pushes.
    private var run: Int?
    private var runs = 0

    // MARK: Subscription requests

    mutating func add(_ id: Int64, _ subscription: SubscriptionRequest, now: Duration) {
        guard entries.count < PluginHostLimits.maxSubscriptions else { return }
        entries[id] = Entry(subscription: subscription, state: .due(now))
        enqueue(id, at: now)
    }

    /// Replaces the config. If it only has renewed secrets, the plugin gets them with the next `subscribe`; otherwise the
    /// plugin is asked at once.
    ///
    /// - Returns: the subscription that the plugin must end.
    mutating func renew(
        _ id: Int64, _ subscription: SubscriptionRequest, isRenewal: (_ old: PluginConfig) -> Bool, now: Duration
    ) -> Int64? {
        guard let entry = entries[id] else {
            add(id, subscription, now: now)
            return nil
        }
        entries[id]?.subscription = subscription
        guard !isRenewal(entry.subscription.config) else { return nil }
        let ended = remove(id)
        entries[id] = Entry(subscription: subscription, state: .due(now), revision: entry.revision + 1)
        enqueue(id, at: now)
        return ended
    }

    /// - Returns: the subscription that the plugin must end.
    mutating func remove(_ id: Int64) -> Int64? {
        guard let entry = entries.removeValue(forKey: id), case .active(let subscription, _) = entry.state else {
            return nil
        }
        active[subscription] = nil
        return subscription
    }

    // MARK: Processes

    /// Starts with a new process that can push and has no subscriptions yet.
    mutating func begin(now: Duration) {
        end()
        runs += 1
        run = runs
        for id in entries.keys.sorted() {
            entries[id]?.state = .due(now)
            enqueue(id, at: now)
        }
    }

    /// Ends the subscriptions of the process.
    mutating func end() {
        run = nil
        active = [:]
        early = [:]
        asking = 0
        queue = DeadlineQueue()
    }

    // MARK: Asking

    /// Returns the next `subscribe` that is due; nil if there is none, or enough are in flight.
    mutating func nextRequest(now: Duration) -> Request? {
        guard let run, asking < PluginHostLimits.maxSubscribing else { return nil }
        while let id = queue.popDue(now) {
            guard let entry = entries[id], case .due(let time) = entry.state, time <= now else { continue }
            entries[id]?.state = .asked
            asking += 1
            return Request(id: id, run: run, subscription: entry.subscription, revision: entry.revision)
        }
        return nil
    }

    /// When ``nextRequest(now:)`` returns a request; nil if it depends on an answer or a new process.
    var nextWake: Duration? {
        guard run != nil, asking < PluginHostLimits.maxSubscribing else { return nil }
        return queue.first
    }

    /// The effect of an accepted subscription.
    enum Agreement: Equatable {
        /// The request has been removed: the plugin must end the subscription.
        case unwanted
        /// A reading that arrived earlier has to be delivered.
        case delivers(MetricReading)
        case nothing
    }

    /// Handles the plugin's answer: it pushes with that id.
    mutating func agreed(_ request: Request, to subscription: Int64, now: Duration) -> Agreement {
        guard request.run == run else { return .nothing }
        let first = early[subscription]
        endRequest()
        guard entries[request.id]?.revision == request.revision else { return .unwanted }
        entries[request.id]?.state = .active(subscription, since: now)
        active[subscription] = request.id
        switch first {
        case .reading(let reading)?: return .delivers(reading)
        case .ended?: ended(subscription, now: now)
        case nil: break
        }
        return .nothing
    }

    private mutating func endRequest() {
        asking -= 1
        if asking == 0 { early = [:] }
    }

    mutating func failed(_ request: Request, canSucceedSoon: Bool, now: Duration) {
        guard request.run == run else { return }
        endRequest()
        guard entries[request.id]?.revision == request.revision else { return }
        postpone(request.id, by: canSucceedSoon ? nil : PluginHostLimits.maxSubscribeDelay, now: now)
    }

    // MARK: Pushes

    /// Handles a pushed reading.
    ///
    /// - Returns: the subscriber; nil if it is not yet known, or there is none.
    mutating func take(_ pushed: PushedReading) -> SubscriptionRequest? {
        if let id = active[pushed.subscription] { return entries[id]?.subscription }
        if asking > 0 { early[pushed.subscription] = .reading(pushed.reading) }
        return nil
    }

    /// Records that the plugin no longer pushes with that id.
    mutating func ended(_ subscription: Int64, now: Duration) {
        guard let id = active.removeValue(forKey: subscription), case .active(_, let since)? = entries[id]?.state else {
            if asking > 0 { early[subscription] = .ended }
            return
        }
        if now - since >= PluginHostLimits.maxSubscribeDelay { entries[id]?.failures = 0 }
        postpone(id, by: nil, now: now)
    }

    /// - Parameter delay: nil for a delay that doubles with every failure.
    private mutating func postpone(_ id: Int64, by delay: Duration?, now: Duration) {
        guard let failures = entries[id]?.failures else { return }
        let doubled = PluginHostLimits.firstSubscribeDelay * (1 << min(failures, Self.maxDoublings))
        let time = now + (delay ?? min(doubled, PluginHostLimits.maxSubscribeDelay))
        entries[id]?.failures = failures + 1
        entries[id]?.state = .due(time)
        enqueue(id, at: time)
    }

    /// The number of doublings after which the delay is the longest.
    private static let maxDoublings = 10

    private mutating func enqueue(_ id: Int64, at time: Duration) {
        let entries = entries
        queue.insert(id, at: time, live: entries.count) { entries[$0] != nil }
    }
}
