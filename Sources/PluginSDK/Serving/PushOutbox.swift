import PluginProtocol

/// The readings that a plugin pushes, until they are sent: the newest of each subscription, within the limits of the
/// protocol.
struct PushOutbox {
    private struct Subscription {
        /// The host's id of the subscription.
        let id: Int64
        /// When the next reading may be sent. Nil before the first.
        var next: ContinuousClock.Instant?
    }

    private var subscriptions: [ServeSession.CallToken: Subscription] = [:]
    private var tokens: [Int64: ServeSession.CallToken] = [:]
    private var waiting: [ServeSession.CallToken: MetricReading] = [:]
    /// A lower bound of the times at which pending readings may be sent.
    private var earliest: ContinuousClock.Instant?
    private var secondStart: ContinuousClock.Instant?
    private var sentInSecond = 0

    var count: Int { subscriptions.count }

    mutating func open(_ token: ServeSession.CallToken, id: Int64) {
        subscriptions[token] = Subscription(id: id)
        tokens[id] = token
    }

    /// - Returns: the host's id; nil if there is no such subscription.
    mutating func close(_ token: ServeSession.CallToken) -> Int64? {
        guard let subscription = subscriptions.removeValue(forKey: token) else { return nil }
        tokens[subscription.id] = nil
        waiting[token] = nil
        return subscription.id
    }

    /// - Returns: the token; nil if there is no subscription with that id.
    mutating func close(id: Int64) -> ServeSession.CallToken? {
        guard let token = tokens[id] else { return nil }
        _ = close(token)
        return token
    }

    /// Adds a reading, in place of one that has not been sent.
    mutating func put(
        _ reading: MetricReading, from token: ServeSession.CallToken, now: ContinuousClock.Instant
    ) {
        guard let subscription = subscriptions[token] else { return }
        waiting[token] = reading
        let next = subscription.next ?? now
        earliest = min(earliest ?? next, next)
    }

    /// The latest time at which to call ``takeDue(now:)``; nil if nothing is pending.
    var nextDue: ContinuousClock.Instant? { earliest }

    /// Removes and returns the readings that may be sent now, in the order of the subscriptions.
    mutating func takeDue(now: ContinuousClock.Instant) -> [PushedReading] {
        guard let earliest, earliest <= now else { return [] }
        if secondStart.map({ now - $0 >= .seconds(1) }) ?? true {
            secondStart = now
            sentInSecond = 0
        }
        var due: [PushedReading] = []
        var later: ContinuousClock.Instant?
        for (token, reading) in waiting.sorted(by: { $0.key < $1.key }) {
            guard let subscription = subscriptions[token] else { continue }
            let next = subscription.next ?? now
            if next <= now, sentInSecond < ProtocolLimits.maxPushesPerSecond {
                due.append(PushedReading(subscription: subscription.id, reading: reading))
                waiting[token] = nil
                subscriptions[token]?.next = now + ProtocolLimits.pushSpacing
                sentInSecond += 1
            } else {
                let time = next > now ? next : now + ProtocolLimits.pushSpacing
                later = min(later ?? time, time)
            }
        }
        self.earliest = later
        return due
    }
}
