import PluginProtocol

/// The readings that one plugin process pushes, until they are passed on: of each subscription the newest, all together
/// and not too often. So a plugin that pushes without end costs its host no more than one that pushes now and then.
struct PushInbox {
    /// The outcome of a reading.
    enum Verdict {
        case kept
        /// It took the place of one that had not been passed on.
        case replaced
        /// Nothing is subscribed under that id.
        case unknown
        /// Too many came in this second.
        case excess
    }

    private var live: Set<Int64> = []
    private var waiting: [Int64: MetricReading] = [:]
    private var lastDelivery: Duration?
    private var second = Duration.zero
    private var admitted = 0

    /// Subscriptions that the plugin has.
    var count: Int { live.count }

    /// Records that the plugin has agreed to push.
    mutating func open(_ subscription: Int64) { live.insert(subscription) }

    /// Returns whether it was open.
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

    /// When readings are to be passed on; nil if there are none.
    var nextDelivery: Duration? {
        guard !waiting.isEmpty else { return nil }
        return lastDelivery.map { $0 + ProtocolLimits.pushSpacing } ?? .zero
    }

    /// Takes out what is to be passed on now, in the order of the subscriptions.
    mutating func takeDue(now: Duration) -> [PushedReading] {
        guard let due = nextDelivery, due <= now else { return [] }
        lastDelivery = now
        defer { waiting = [:] }
        return waiting.sorted { $0.key < $1.key }.map { PushedReading(subscription: $0.key, reading: $0.value) }
    }
}
