import PluginHost
import PluginProtocol
import Scaling
import Synchronization

/// What is asked of a metric source. Scalers that ask the same share the answer.
struct ReadingQuery: Sendable, Hashable {
    var type: String
    var config: PluginConfig
    var targetType: TargetType
}

/// Reads each distinct query once, however many scalers want it: at the shortest of their intervals, with the longest
/// of their time-outs, one call in flight at a time.
final class SharedReadings: Sendable {
    struct Terms: Sendable {
        var interval: Duration
        var timeout: Duration
    }

    private struct Entry {
        /// What each scaler asked for.
        var users: [ObjectIdentity: Terms] = [:]
        var isInFlight = false
        /// Who waits for the call that is in flight.
        var waiters: [UInt64: CheckedContinuation<ReadingOutcome, Never>] = [:]
        /// The newest there is, answered or pushed.
        var latest: ReadingOutcome?
        /// When the last call that was answered began.
        var askedAt: Duration?
        /// When the last reading was pushed that was of use.
        var pushedAt: Duration?
        /// Keeps the source ready, and has the plugin push where it can.
        var subscription: ReadingSubscription?

        mutating func takeWaiters() -> [CheckedContinuation<ReadingOutcome, Never>] {
            defer { waiters = [:] }
            return Array(waiters.values)
        }

        /// Whether what is known was observed after that.
        func isNewer(than reading: MetricReading) -> Bool {
            guard case .success(let known)? = latest else { return false }
            return known.observedAtMicroseconds > reading.observedAtMicroseconds
        }

        func hasValue(of reading: MetricReading) -> Bool {
            guard case .success(let known)? = latest else { return false }
            return known.value == reading.value && known.isAssumed == reading.isAssumed
        }

        /// An answer, or what was pushed since it was asked for, where the answer is older or there is none.
        func newest(of answer: ReadingOutcome, askedAt: Duration) -> ReadingOutcome {
            guard let pushedAt, pushedAt >= askedAt, let latest else { return answer }
            guard case .success(let reading) = answer, !isNewer(than: reading) else { return latest }
            return answer
        }

        var shortestInterval: Duration { users.values.map(\.interval).min() ?? .zero }
        var longestTimeout: Duration { users.values.map(\.timeout).max() ?? MetricSourceSpec.defaultTimeout }
    }

    /// How much of the shortest interval has to pass before the source is asked again: a little less than all of it,
    /// so that a poll that comes slightly early does not reuse a reading twice.
    private static let reuseShare = 0.9

    /// How far a plugin's clock may be ahead for what it pushes to count.
    private static let maxClockSkew: Duration = .seconds(5)

    private let source: any MetricSource
    private let time: OperatorTime
    private let metrics: OperatorMetrics
    private let entries = Mutex<[ReadingQuery: Entry]>([:])
    private let lastWaiter = Atomic<UInt64>(0)
    private let onPush = Mutex<@Sendable ([ObjectIdentity]) -> Void>({ _ in })

    init(source: any MetricSource, time: OperatorTime, metrics: OperatorMetrics) {
        self.source = source
        self.time = time
        self.metrics = metrics
    }

    /// Distinct queries that someone wants.
    var count: Int { entries.withLock(\.count) }

    /// Has this called with those who want a reading that was pushed, after it is there to be had. Called from any thread.
    func whenPushed(_ handler: @escaping @Sendable ([ObjectIdentity]) -> Void) {
        onPush.withLock { $0 = handler }
    }

    func subscribe(_ user: ObjectIdentity, to query: ReadingQuery, terms: Terms) {
        entries.withLock { entries in
            var entry = entries[query] ?? Entry()
            entry.users[user] = terms
            if entry.subscription == nil {
                entry.subscription = source.subscribe(
                    type: query.type, config: query.config, targetType: query.targetType
                ) { [weak self] in self?.pushed($0, for: query) }
            }
            entries[query] = entry
        }
    }

    func unsubscribe(_ user: ObjectIdentity, from query: ReadingQuery) {
        entries.withLock { entries in
            entries[query]?.users[user] = nil
            guard let entry = entries[query], entry.users.isEmpty else { return }
            entry.subscription?.cancel()
            entries[query]?.subscription = nil
            if !entry.isInFlight { entries[query] = nil }
        }
    }

    /// The newest outcome: asked for now, unless one is on its way or fresh enough for every subscriber. A cancelled
    /// task stops waiting at once; the call goes on for the others.
    ///
    /// - Parameter takesPushed: a pushed reading will do in place of an answer. Without it the source is asked once in
    ///   every interval, whatever it pushes: a push may have been lost.
    func outcome(of query: ReadingQuery, takesPushed: Bool = false) async -> ReadingOutcome {
        let id = lastWaiter.add(1, ordering: .relaxed).newValue
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if let outcome = outcomeAtHand(of: query, takesPushed, waiter: id, continuation) {
                    continuation.resume(returning: outcome)
                }
            }
        } onCancel: {
            let waiter = entries.withLock { $0[query]?.waiters.removeValue(forKey: id) }
            waiter?.resume(returning: Self.cancelled)
        }
    }

    private static let cancelled: ReadingOutcome = .failure(
        PluginFailure(.cancelled, plugin: nil, "the reading was cancelled"))

    /// What can be answered at once; nil where the waiter now stands in line for a call.
    private func outcomeAtHand(
        of query: ReadingQuery, _ takesPushed: Bool, waiter: UInt64,
        _ continuation: CheckedContinuation<ReadingOutcome, Never>
    ) -> ReadingOutcome? {
        entries.withLock { entries in
            if Task.isCancelled { return Self.cancelled }
            var entry = entries[query] ?? Entry()
            let now = time.elapsed()
            if let latest = entry.latest {
                let isFresh = { (since: Duration) in now - since < entry.shortestInterval * Self.reuseShare }
                if !entry.isInFlight, let askedAt = entry.askedAt, isFresh(askedAt) { return latest }
                if takesPushed, let pushedAt = entry.pushedAt, isFresh(pushedAt) { return latest }
            }
            entry.waiters[waiter] = continuation
            if !entry.isInFlight {
                entry.isInFlight = true
                call(query, timeout: entry.longestTimeout, startedAt: now)
            }
            entries[query] = entry
            return nil
        }
    }

    private func call(_ query: ReadingQuery, timeout: Duration, startedAt: Duration) {
        // Awaited through the waiters; ends with the source's own deadline.
        Task { [self] in
            let outcome: ReadingOutcome
            do throws(PluginFailure) {
                outcome = .success(
                    try await source.read(
                        type: query.type, config: query.config, targetType: query.targetType, timeout: timeout
                    )
                )
            } catch {
                outcome = .failure(error)
            }
            metrics.sourceAnswered(
                type: query.type, after: time.elapsed() - startedAt, failure: outcome.failure?.reason)
            let (latest, waiters) = takeAnswer(outcome, to: query, askedAt: startedAt)
            for waiter in waiters { waiter.resume(returning: latest) }
        }
    }

    /// - Returns: what is known now, and who waits for it.
    private func takeAnswer(
        _ answer: ReadingOutcome, to query: ReadingQuery, askedAt: Duration
    ) -> (ReadingOutcome, [CheckedContinuation<ReadingOutcome, Never>]) {
        entries.withLock { entries in
            guard var entry = entries[query] else { return (answer, []) }
            let latest = entry.newest(of: answer, askedAt: askedAt)
            let waiters = entry.takeWaiters()
            entry.isInFlight = false
            entry.latest = latest
            entry.askedAt = askedAt
            entries[query] = entry.users.isEmpty ? nil : entry
            return (latest, waiters)
        }
    }

    /// Takes a reading that came without being asked for, and passes it to who waits for an answer.
    private func pushed(_ reading: MetricReading, for query: ReadingQuery) {
        let isFromFuture = reading.observedAtMicroseconds > (time.now() + Self.maxClockSkew).microsecondsSince1970
        let audience = isFromFuture ? nil : takePush(reading, of: query)
        metrics.pushed(type: query.type, isOfUse: audience != nil)
        guard let audience else { return }
        for waiter in audience.waiters { waiter.resume(returning: .success(reading)) }
        if !audience.users.isEmpty { onPush.withLock(\.self)(audience.users) }
    }

    private struct Audience {
        var users: [ObjectIdentity]
        var waiters: [CheckedContinuation<ReadingOutcome, Never>]
    }

    /// - Returns: nil where nobody wants the reading, or it is older than what is known.
    private func takePush(_ reading: MetricReading, of query: ReadingQuery) -> Audience? {
        entries.withLock { entries in
            guard var entry = entries[query], entry.subscription != nil, !entry.isNewer(than: reading) else {
                return nil
            }
            let waiters = entry.takeWaiters()
            // Its only user has it by now, or had the same value: such as the first that a plugin pushes.
            let isOld = entry.users.count == 1 && (!waiters.isEmpty || entry.hasValue(of: reading))
            entry.latest = .success(reading)
            entry.pushedAt = time.elapsed()
            entries[query] = entry
            return Audience(users: isOld ? [] : Array(entry.users.keys), waiters: waiters)
        }
    }
}

typealias ReadingOutcome = Result<MetricReading, PluginFailure>

extension ReadingOutcome {
    /// The source does not take the credentials.
    var isAuthFailure: Bool {
        guard case .failure(let failure) = self, case .answered(let error) = failure.kind else { return false }
        return error.kind == .authFailed
    }

    fileprivate var failure: PluginFailure? {
        if case .failure(let failure) = self { failure } else { nil }
    }
}

extension MetricObservation {
    init(_ outcome: ReadingOutcome) {
        switch outcome {
        case .success(let reading):
            let observedAt = Timestamp(microsecondsSince1970: reading.observedAtMicroseconds)
            self =
                reading.isAssumed
                ? .assumed(reading.value, observedAt: observedAt) : .value(reading.value, observedAt: observedAt)
        case .failure(let failure):
            if case .answered(let error) = failure.kind, error.kind == .noData {
                self = .noData(error.message)
            } else {
                self = .failed(failure.message)
            }
        }
    }
}
