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
        var latest: (outcome: ReadingOutcome, startedAt: Duration)?

        var shortestInterval: Duration { users.values.map(\.interval).min() ?? .zero }
        var longestTimeout: Duration { users.values.map(\.timeout).max() ?? MetricSourceSpec.defaultTimeout }
    }

    /// How much of the shortest interval has to pass before the source is asked again: a little less than all of it,
    /// so that a poll that comes slightly early does not reuse a reading twice.
    private static let reuseShare = 0.9

    private let source: any MetricSource
    private let time: OperatorTime
    private let metrics: OperatorMetrics
    private let entries = Mutex<[ReadingQuery: Entry]>([:])
    private let lastWaiter = Atomic<UInt64>(0)

    init(source: any MetricSource, time: OperatorTime, metrics: OperatorMetrics) {
        self.source = source
        self.time = time
        self.metrics = metrics
    }

    /// Distinct queries that someone wants.
    var count: Int { entries.withLock(\.count) }

    func subscribe(_ user: ObjectIdentity, to query: ReadingQuery, terms: Terms) {
        entries.withLock { $0[query, default: Entry()].users[user] = terms }
    }

    func unsubscribe(_ user: ObjectIdentity, from query: ReadingQuery) {
        entries.withLock { entries in
            entries[query]?.users[user] = nil
            if let entry = entries[query], entry.users.isEmpty, !entry.isInFlight { entries[query] = nil }
        }
    }

    /// The newest outcome: asked for now, unless one is on its way or fresh enough for every subscriber. A cancelled
    /// task stops waiting at once; the call goes on for the others.
    func outcome(of query: ReadingQuery) async -> ReadingOutcome {
        let id = lastWaiter.add(1, ordering: .relaxed).newValue
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if let outcome = outcomeAtHand(of: query, waiter: id, continuation) {
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
        of query: ReadingQuery, waiter: UInt64, _ continuation: CheckedContinuation<ReadingOutcome, Never>
    ) -> ReadingOutcome? {
        entries.withLock { entries in
            if Task.isCancelled { return Self.cancelled }
            var entry = entries[query] ?? Entry()
            let now = time.elapsed()
            if !entry.isInFlight, let latest = entry.latest,
                now - latest.startedAt < entry.shortestInterval * Self.reuseShare
            {
                return latest.outcome
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
            let waiters = entries.withLock { entries in
                let waiters = entries[query]?.waiters.values
                entries[query]?.waiters = [:]
                entries[query]?.isInFlight = false
                entries[query]?.latest = (outcome, startedAt)
                if entries[query]?.users.isEmpty == true { entries[query] = nil }
                return waiters
            }
            for waiter in waiters ?? [:].values { waiter.resume(returning: outcome) }
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
