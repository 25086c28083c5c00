/// Decides how an event is reported: as a new Event, as one more of a series, or not (yet). Pure.
///
/// Equal events that follow each other within ``KubernetesLimits/eventSeriesMicroseconds`` are one Event with a count.
/// Each object has a token bucket, so that a misbehaving object cannot flood the server; a count without a token is
/// added to the next report. Sources: client-go's `tools/events` broadcaster, and the spam filter of its
/// `tools/record`.
struct EventAggregator: Sendable {
    enum Action: Sendable, Hashable {
        case create(name: String)
        /// Increments the count of an Event.
        ///
        /// - Parameter lastObserved: microseconds since 1970.
        case countUp(name: String, count: Int, lastObserved: Int64)
        /// Counted, and reported with the next count.
        case hold
        /// Over the limit for this object.
        case drop
    }

    private struct Series {
        let name: String
        var count = 1
        var lastObserved: Int64

        func hasEnded(at now: Int64) -> Bool { now - lastObserved > KubernetesLimits.eventSeriesMicroseconds }
    }

    private struct Bucket {
        var tokens = KubernetesLimits.eventBurst
        var filled: Int64

        func isFull(at now: Int64) -> Bool { level(at: now) >= KubernetesLimits.eventBurst }

        private func level(at now: Int64) -> Double {
            let refill = Double(max(0, now - filled)) / KubernetesLimits.eventRefillMicroseconds
            return min(KubernetesLimits.eventBurst, tokens + refill)
        }

        mutating func take(at now: Int64) -> Bool {
            tokens = level(at: now)
            filled = now
            guard tokens >= 1 else { return false }
            tokens -= 1
            return true
        }
    }

    /// The identity of an event or of an object as a hash. Keeping the texts of thousands of events would take
    /// megabytes.
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

    /// The state of one object. Removed with the object, see ``forget(_:)-(ObjectReference)``, or once its series have
    /// ended and its tokens are refilled.
    private struct Memory {
        var bucket: Bucket
        var series: [Fingerprint: Series] = [:]
    }

    private var memories: [Fingerprint: Memory] = [:]
    private var lastStamp: Int64 = 0
    private var lastSweep: Int64 = 0

    init() {}

    /// The number of objects with state.
    var objectCount: Int { memories.count }

    /// - Parameter now: the time of the event, in microseconds since 1970.
    mutating func add(_ event: ObjectEvent, at now: Int64) -> Action {
        sweep(at: now)
        let object = Self.fingerprint(of: event.regarding)
        var memory = memories.removeValue(forKey: object) ?? Memory(bucket: Bucket(filled: now))
        defer { memories[object] = memory }
        let fingerprint = Fingerprint(of: event)
        if var running = memory.series[fingerprint], !running.hasEnded(at: now) {
            running.count += 1
            running.lastObserved = now
            memory.series[fingerprint] = running
            guard memory.bucket.take(at: now) else { return .hold }
            return .countUp(name: running.name, count: running.count, lastObserved: now)
        }
        guard memory.bucket.take(at: now) else { return .drop }
        let name = uniqueName(event.regarding.key.name, at: now)
        memory.series[fingerprint] = Series(name: name, lastObserved: now)
        return .create(name: name)
    }

    /// Forgets an Event that the server no longer has: the next equal one starts a new Event.
    mutating func forget(_ event: ObjectEvent) {
        memories[Self.fingerprint(of: event.regarding)]?.series[Fingerprint(of: event)] = nil
    }

    /// Forgets a deleted object.
    mutating func forget(_ object: ObjectReference) { memories[Self.fingerprint(of: object)] = nil }

    /// Returns the fingerprint of all objects of that name: the state of a deleted object must not apply to a new one
    /// whose creation was missed.
    private static func fingerprint(of object: ObjectReference) -> Fingerprint {
        Fingerprint(of: [object.apiVersion, object.kind, object.key.namespace, object.key.name])
    }

    /// Returns `NAME.HEX`, as client-go names events; unique even with a coarse clock.
    private mutating func uniqueName(_ name: String, at now: Int64) -> String {
        lastStamp = max(now, lastStamp + 1)
        let suffix = "." + String(lastStamp, radix: 16)
        var prefix = name.prefix(KubernetesLimits.objectNameBytes - suffix.utf8.count)
        while let last = prefix.last, last == "." || last == "-" { prefix.removeLast() }
        return prefix + suffix
    }

    /// Drops series that have ended and objects without series; if there are still too many, drops those that were idle
    /// for longest.
    private mutating func sweep(at now: Int64) {
        let isFull = memories.count >= KubernetesLimits.eventMemory
        guard isFull || now - lastSweep > KubernetesLimits.eventSeriesMicroseconds || now < lastSweep else { return }
        lastSweep = now
        memories = memories.compactMapValues { memory in
            var memory = memory
            memory.series = memory.series.filter { !$0.value.hasEnded(at: now) }
            return memory.series.isEmpty && memory.bucket.isFull(at: now) ? nil : memory
        }
        guard memories.count >= KubernetesLimits.eventMemory else { return }
        let kept = memories.sorted { $0.value.bucket.filled > $1.value.bucket.filled }
            .prefix(KubernetesLimits.eventMemory / 2)
        memories = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) })
    }
}
