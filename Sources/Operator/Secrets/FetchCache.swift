import KubernetesClient
import SystemIO

/// Values that are fetched from the API server one by one, each cached until it is due.
///
/// A valid value stays in use while the API server does not answer, at most to its end. A failure is cached for
/// ``SecretLimits/leastInterval``. Several readers of one value share a fetch.
actor FetchCache<Key: Hashable & Sendable, Value: Sendable> {
    typealias Outcome = Result<Value, FetchFailure>

    /// A value, and for how long it is used.
    struct Fetched: Sendable {
        let value: Value
        let lifetime: Duration
        /// For how long it is valid; nil without an end.
        let validity: Duration?
        /// The approximate size in memory.
        let bytes: Int
    }

    private struct Entry {
        let outcome: Outcome
        let fetchedAt: Duration
        let dueAt: Duration
        let endsAt: Duration?
        let bytes: Int
        var lastUse: UInt64
    }

    private let time: TimeSource
    private let fetch: @Sendable (Key) async -> Result<Fetched, FetchFailure>
    private var entries: [Key: Entry] = [:]
    private var bytes = 0
    private var uses: UInt64 = 0
    /// The waiters for values that are being fetched.
    private var waiters: [Key: [CheckedContinuation<Outcome, Never>]] = [:]

    init(time: TimeSource, fetch: @escaping @Sendable (Key) async -> Result<Fetched, FetchFailure>) {
        self.time = time
        self.fetch = fetch
    }

    /// - Parameter isOptional: whether the value may be missing: then nothing waits for it to appear.
    func outcome(of key: Key, _ freshness: SecretFreshness, isOptional: Bool) async -> Outcome {
        let known = entries[key]
        if let known, !isDue(known, freshness, isOptional: isOptional) {
            use(key)
            return known.outcome
        }
        if waiters[key] != nil {
            // A reader that accepts a cached value does not wait for the renewal.
            if freshness == .cached, let known, isValid(known) { return known.outcome }
            return await withCheckedContinuation { waiters[key, default: []].append($0) }
        }
        waiters[key] = []
        let fetched = await fetch(key)
        let outcome = keep(fetched, key, known)
        for waiter in waiters.removeValue(forKey: key) ?? [] { waiter.resume(returning: outcome) }
        return outcome
    }

    private func isDue(_ entry: Entry, _ freshness: SecretFreshness, isOptional: Bool) -> Bool {
        switch freshness {
        case .cached:
            if isOptional, case .failure(.notFound) = entry.outcome {
                time.elapsed() >= entry.fetchedAt + SecretLimits.lifetime
            } else {
                time.elapsed() >= entry.dueAt
            }
        case .recent: time.elapsed() >= entry.fetchedAt + SecretLimits.leastInterval
        }
    }

    private func isValid(_ entry: Entry) -> Bool {
        guard case .success = entry.outcome else { return false }
        return entry.endsAt.map { time.elapsed() < $0 } ?? true
    }

    private func keep(_ fetched: Result<Fetched, FetchFailure>, _ key: Key, _ known: Entry?) -> Outcome {
        let now = time.elapsed()
        let retry = now + SecretLimits.leastInterval
        let entry: Entry
        switch fetched {
        case .success(let new):
            entry = Entry(
                outcome: .success(new.value), fetchedAt: now, dueAt: now + new.lifetime,
                endsAt: new.validity.map { now + $0 }, bytes: new.bytes, lastUse: 0)
        case .failure(.unavailable):
            let valid = known.flatMap { isValid($0) ? $0 : nil }
            entry = Entry(
                outcome: valid?.outcome ?? fetched.map(\.value), fetchedAt: now,
                dueAt: min(retry, valid?.endsAt ?? retry), endsAt: valid?.endsAt, bytes: valid?.bytes ?? 0, lastUse: 0)
        case .failure(let failure):
            entry = Entry(
                outcome: .failure(failure), fetchedAt: now, dueAt: retry, endsAt: nil, bytes: 0, lastUse: 0)
        }
        remove(key)
        entries[key] = entry
        bytes += entry.bytes
        use(key)
        while entries.count > SecretLimits.maxSecrets || bytes > SecretLimits.maxBytes, entries.count > 1,
            let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse })?.key
        {
            remove(oldest)
        }
        return entry.outcome
    }

    private func remove(_ key: Key) {
        bytes -= entries.removeValue(forKey: key)?.bytes ?? 0
    }

    private func use(_ key: Key) {
        uses += 1
        entries[key]?.lastUse = uses
    }
}

/// The reason why a value could not be fetched.
enum FetchFailure: Error, Sendable {
    case notFound
    /// The API server's message, which names the user and the permission.
    case forbidden(String)
    case unavailable(String)
    /// The value exists, and may not be used.
    case refused(SecretProblem)

    init(_ error: KubernetesError) {
        switch error.kind {
        case .notFound: self = .notFound
        case .forbidden: self = .forbidden(error.message)
        default: self = .unavailable(error.message)
        }
    }
}
