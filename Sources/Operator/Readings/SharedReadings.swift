import PluginHost
import PluginProtocol
import ScalerAPI
import Scaling
import Synchronization

/// A query to a metric source. Scalers with equal queries share the answer.
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

    private let dependencies: SharedReading.Dependencies
    /// Locked before any of the readings, if both are.
    private let readings = Mutex<[ReadingQuery: SharedReading]>([:])
    private let lastWaiter = Atomic<UInt64>(0)
    private let onPush = Mutex<@Sendable ([ObjectIdentity]) -> Void>({ _ in })

    init(source: any MetricSource, time: OperatorTime, metrics: OperatorMetrics) {
        dependencies = SharedReading.Dependencies(source: source, time: time, metrics: metrics)
    }

    /// Distinct queries that someone wants.
    var count: Int { readings.withLock(\.count) }

    /// Registers a handler that is called with the subscribers of each pushed reading once it is available. Called on
    /// any thread.
    func whenPushed(_ handler: @escaping @Sendable ([ObjectIdentity]) -> Void) {
        onPush.withLock { $0 = handler }
    }

    func subscribe(_ user: ObjectIdentity, to query: ReadingQuery, terms: Terms) {
        readings.withLock { readings in
            reading(of: query, in: &readings).subscribe(user, terms) { [weak self] users in
                self?.onPush.withLock(\.self)(users)
            }
        }
    }

    func unsubscribe(_ user: ObjectIdentity, from query: ReadingQuery) {
        readings.withLock { readings in
            guard let reading = readings[query], reading.unsubscribe(user) else { return }
            readings[query] = nil
        }
    }

    /// Returns the newest outcome: asked for now, unless one is on its way or fresh enough for every subscriber. A
    /// cancelled task stops waiting at once; the call continues for the others.
    ///
    /// - Parameter takesPushed: whether a pushed reading may replace a poll. Even then the source is polled once per
    ///   interval, since a push may have been lost.
    func outcome(of query: ReadingQuery, takesPushed: Bool = false) async -> ReadingOutcome {
        let id = lastWaiter.add(1, ordering: .relaxed).newValue
        let reading = readings.withLock { self.reading(of: query, in: &$0) }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if let outcome = reading.outcomeAtHand(takesPushed, waiter: id, continuation) {
                    // The task was cancelled before it could ask.
                    if reading.isUnused { dropIfUnused(query) }
                    continuation.resume(returning: outcome)
                }
            }
        } onCancel: {
            reading.stopWaiting(id)
        }
    }

    private func reading(
        of query: ReadingQuery, in readings: inout [ReadingQuery: SharedReading]
    ) -> SharedReading {
        if let known = readings[query] { return known }
        let reading = SharedReading(of: query, in: dependencies) { [weak self] in self?.dropIfUnused(query) }
        readings[query] = reading
        return reading
    }

    private func dropIfUnused(_ query: ReadingQuery) {
        readings.withLock { readings in
            if readings[query]?.isUnused == true { readings[query] = nil }
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

    var failure: PluginFailure? {
        if case .failure(let failure) = self { failure } else { nil }
    }
}

extension Blocker {
    /// What the sources found wrong with the configs of the metrics, which the plugins alone could not see: a query
    /// that does not parse, for instance.
    ///
    /// - Parameter outcomes: of each metric, in the order of the spec.
    /// - Returns: nil if no source found anything.
    init?(configFaultIn outcomes: [ReadingOutcome]) {
        let faults = outcomes.enumerated().compactMap { index, outcome -> String? in
            guard case .answered(let error)? = outcome.failure?.kind, error.kind == .configInvalid else { return nil }
            let path = error.path.flatMap { $0.isEmpty ? nil : ".config.\($0)" } ?? ""
            return "spec.metrics[\(index)]\(path): \(error.message)"
        }
        guard !faults.isEmpty else { return nil }
        self.init(.invalidMetricConfig, faults.joined(separator: "; "))
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
