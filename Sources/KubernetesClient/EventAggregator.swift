/// Decides what an event becomes on the server: a new Event, one more of a series, or nothing (yet). Pure.
///
/// Equal events that follow each other within ``KubernetesLimits/eventSeriesMicroseconds`` are one Event with a count.
/// Each object has a token bucket, so that one that misbehaves cannot flood the server; a count that found no token
/// is part of the next that does. Sources: client-go's `tools/events` broadcaster, and the spam filter of its
/// `tools/record`.
struct EventAggregator: Sendable {
    enum Action: Sendable, Hashable {
        case create(name: String)
        /// - Parameter lastObserved: microseconds since 1970.
        case countUp(name: String, count: Int, lastObserved: Int64)
        /// Counted, and told with the next count.
        case hold
        /// One too many of this object.
        case drop
    }

    private struct Series {
        let name: String
        var count = 1
        var lastObserved: Int64
    }

    private struct Bucket {
        var tokens = KubernetesLimits.eventBurst
        var filled: Int64

        mutating func take(at now: Int64) -> Bool {
            let refill = Double(max(0, now - filled)) / KubernetesLimits.eventRefillMicroseconds
            tokens = min(KubernetesLimits.eventBurst, tokens + refill)
            filled = now
            guard tokens >= 1 else { return false }
            tokens -= 1
            return true
        }
    }

    /// What an event, or an object, is told from all others by. The texts themselves, of thousands of events, would be
    /// megabytes that nobody reads again.
    private struct Fingerprint: Hashable {
        private let halves: SIMD2<Int>

        init(of value: some Hashable) {
            halves = SIMD2(Self.half(0, value), Self.half(1, value))
        }

        private static func half(_ number: Int, _ value: some Hashable) -> Int {
            var hasher = Hasher()
            hasher.combine(number)
            hasher.combine(value)
            return hasher.finalize()
        }
    }

    private var series: [Fingerprint: Series] = [:]
    private var buckets: [Fingerprint: Bucket] = [:]
    private var lastStamp: Int64 = 0

    init() {}

    /// - Parameter now: when it happened, in microseconds since 1970.
    mutating func add(_ event: ObjectEvent, at now: Int64) -> Action {
        forgetOldest()
        let fingerprint = Fingerprint(of: event)
        if var running = series[fingerprint], now - running.lastObserved <= KubernetesLimits.eventSeriesMicroseconds {
            running.count += 1
            running.lastObserved = now
            series[fingerprint] = running
            guard takeToken(event.regarding, at: now) else { return .hold }
            return .countUp(name: running.name, count: running.count, lastObserved: now)
        }
        guard takeToken(event.regarding, at: now) else { return .drop }
        let name = uniqueName(event.regarding.key.name, at: now)
        series[fingerprint] = Series(name: name, lastObserved: now)
        return .create(name: name)
    }

    /// The server does not have the Event (any more): the next equal one starts anew.
    mutating func forget(_ event: ObjectEvent) { series[Fingerprint(of: event)] = nil }

    private mutating func takeToken(_ object: ObjectReference, at now: Int64) -> Bool {
        buckets[Fingerprint(of: object), default: Bucket(filled: now)].take(at: now)
    }

    /// `NAME.HEX`, as client-go names events; no name is given twice, however coarse the clock.
    private mutating func uniqueName(_ name: String, at now: Int64) -> String {
        lastStamp = max(now, lastStamp + 1)
        let suffix = "." + String(lastStamp, radix: 16)
        var prefix = name.prefix(KubernetesLimits.objectNameBytes - suffix.utf8.count)
        while let last = prefix.last, last == "." || last == "-" { prefix.removeLast() }
        return prefix + suffix
    }

    private mutating func forgetOldest() {
        if series.count >= KubernetesLimits.eventMemory {
            let kept = series.sorted { $0.value.lastObserved > $1.value.lastObserved }
                .prefix(KubernetesLimits.eventMemory / 2)
            series = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) })
        }
        if buckets.count >= KubernetesLimits.eventMemory {
            let kept = buckets.sorted { $0.value.filled > $1.value.filled }.prefix(KubernetesLimits.eventMemory / 2)
            buckets = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) })
        }
    }
}
