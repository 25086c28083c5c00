import PluginProtocol

/// The pushed readings of one plugin process until they are delivered: the newest of each subscription, delivered
/// together and at a limited rate. The cost for the host therefore does not depend on how often a plugin pushes.
struct PushInbox {
    /// The outcome of a reading.
    enum Verdict {
        case kept
        /// The reading replaced one that had not been delivered.
        case replaced
        /// The subscription id is unknown.
        case unknown
        /// The reading exceeds the limit per second.
        case excess
    }

    private var live: Set<Int64> = []
    private var waiting: [Int64: MetricReading] = [:]
    private var lastDelivery: Duration?
    private var second = Duration.zero
    private var admitted = 0

    /// The number of active subscriptions.
    var count: Int { live.count }

    /// Records that the plugin accepted a subscription.
    mutating func open(_ subscription: Int64) { live.insert(subscription) }

    /// Ends a subscription. Returns whether it was active.
    @discardableResult
    mutating func close(_ subscription: Int64) -> Bool {
        waiting[subscription] = nil
        return live.remove(subscription) != nil
    }

    mutating func admit(_ pushed: PushedReading, now: Duration) -> Verdict {
        guard admits(now: now) else { return .excess }
        guard live.contains(pushed.subscription) else { return .unknown }
        return waiting.updateValue(pushed.reading, forKey: pushed.subscription) == nil ? .kept : .replaced
    }

    private mutating func admits(now: Duration) -> Bool {
        if now - second >= .seconds(1) {
            second = now
            admitted = 0
        }
        admitted += 1
        return admitted <= PluginHostLimits.maxPushesPerSecond
    }

    /// When to deliver readings next; nil if there are none.
    var nextDelivery: Duration? {
        guard !waiting.isEmpty else { return nil }
        return lastDelivery.map { $0 + ProtocolLimits.pushSpacing } ?? .zero
    }

    /// Removes and returns the readings to deliver now, in the order of the subscriptions.
    mutating func takeDue(now: Duration) -> [PushedReading] {
        guard let due = nextDelivery, due <= now else { return [] }
        lastDelivery = now
        defer { waiting = [:] }
        return waiting.sorted { $0.key < $1.key }.map { PushedReading(subscription: $0.key, reading: $0.value) }
    }
}
