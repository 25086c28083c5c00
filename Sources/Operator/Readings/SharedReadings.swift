import PluginHost
import PluginProtocol
import ScalerAPI
import Scaling
import Synchronization
import SystemIO
import WireFormats

/// A query to a metric source. Scalers whose queries have the same identity share the result.
struct ReadingQuery: Sendable {
    /// A query by the references in its config, not by their values: it remains the same if a value is renewed.
    struct Identity: Sendable, Hashable {
        let type: String
        let targetType: TargetType
        fileprivate let config: JSON
        fileprivate let inherited: Set<String>
        /// The namespace of the referenced objects; nil if the config refers to none of the scaler's namespace.
        fileprivate let namespace: String?
    }

    let identity: Identity
    let config: PluginConfig

    var type: String { identity.type }
    var targetType: TargetType { identity.targetType }

    /// A query without references.
    init(type: String, config: PluginConfig, targetType: TargetType) {
        self.init(
            type: type, template: ConfigTemplate(config.json, path: "", inherited: config.inherited), config: config,
            targetType: targetType, namespace: "")
    }

    /// - Parameter config: the template with the values filled in.
    init(type: String, template: ConfigTemplate, config: PluginConfig, targetType: TargetType, namespace: String) {
        let isLocal = template.places.contains { place in
            if case .token(let token) = place.reference { !token.isOperators } else { true }
        }
        identity = Identity(
            type: type, targetType: targetType, config: template.json, inherited: template.inherited,
            namespace: isLocal ? namespace : nil)
        self.config = config
    }
}

/// Reads each distinct query once for all its scalers: at their shortest interval, with their longest timeout, one call
/// in flight at a time.
final class SharedReadings: Sendable {
    struct Terms: Sendable {
        var interval: Duration
        var timeout: Duration
    }

    private let dependencies: SharedReading.Dependencies
    /// Locked before any of the readings, if both are locked.
    private let readings = Mutex<[ReadingQuery.Identity: SharedReading]>([:])
    private let lastWaiter = Atomic<UInt64>(0)
    private let onPush = Mutex<@Sendable ([ObjectIdentity]) -> Void>({ _ in })

    init(source: any MetricSource, time: TimeSource, metrics: OperatorCounters) {
        dependencies = SharedReading.Dependencies(source: source, time: time, metrics: metrics)
    }

    /// The number of distinct queries with subscribers.
    var count: Int { readings.withLock(\.count) }

    /// Registers a handler that is called with the subscribers of each pushed reading once it is available. Called on
    /// any thread.
    func whenPushed(_ handler: @escaping @Sendable ([ObjectIdentity]) -> Void) {
        onPush.withLock { $0 = handler }
    }

    func subscribe(_ user: ObjectIdentity, to query: ReadingQuery, terms: Terms) {
        readings.withLock { readings in
            reading(of: query, in: &readings).subscribe(user, terms, config: query.config) { [weak self] users in
                self?.onPush.withLock(\.self)(users)
            }
        }
    }

    func unsubscribe(_ user: ObjectIdentity, from query: ReadingQuery) {
        readings.withLock { readings in
            guard let reading = readings[query.identity], reading.unsubscribe(user) else { return }
            readings[query.identity] = nil
        }
    }

    /// Returns the newest outcome: reads the source unless a call is in flight or the last outcome is fresh enough for
    /// every subscriber. A cancelled task stops waiting immediately; the call continues for the others.
    ///
    /// - Parameters:
    ///   - takesPushed: whether a pushed reading may replace a poll. Even then the source is polled once per interval,
    ///     because a push may have been lost.
    ///   - maxAge: the maximum age of an outcome, if it is to be newer than usual.
    func outcome(
        of query: ReadingQuery, takesPushed: Bool = false, maxAge: Duration? = nil
    ) async -> ReadingOutcome {
        let id = lastWaiter.add(1, ordering: .relaxed).newValue
        let reading = readings.withLock { self.reading(of: query, in: &$0) }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if let outcome = reading.outcomeAtHand(
                    query.config, takesPushed, maxAge: maxAge, waiter: id, continuation)
                {
                    // The task was cancelled before the call.
                    if reading.isUnused { dropIfUnused(query.identity) }
                    continuation.resume(returning: outcome)
                }
            }
        } onCancel: {
            reading.stopWaiting(id)
        }
    }

    private func reading(
        of query: ReadingQuery, in readings: inout [ReadingQuery.Identity: SharedReading]
    ) -> SharedReading {
        let identity = query.identity
        if let known = readings[identity] { return known }
        let reading = SharedReading(of: query, in: dependencies) { [weak self] in self?.dropIfUnused(identity) }
        readings[identity] = reading
        return reading
    }

    private func dropIfUnused(_ identity: ReadingQuery.Identity) {
        readings.withLock { readings in
            if readings[identity]?.isUnused == true { readings[identity] = nil }
        }
    }
}

typealias ReadingOutcome = Result<MetricReading, PluginFailure>

extension ReadingOutcome {
    /// Whether the source refused the credentials.
    var isAuthFailure: Bool {
        guard case .failure(let failure) = self, case .answered(let error) = failure.kind else { return false }
        return error.kind == .authFailed
    }

    /// The most replicas that the source has work for; nil if it does not say.
    var usefulReplicas: Int? { (try? get())?.usefulReplicas }

    /// Whether the source has work; nil if it does not say.
    var isActive: Bool? { (try? get())?.isActive }

    var failure: PluginFailure? {
        if case .failure(let failure) = self { failure } else { nil }
    }
}

extension Blocker {
    /// Creates a blocker from the sources' errors about the configs of the metrics that only the source can detect,
    /// such as a query that does not parse.
    ///
    /// - Parameter outcomes: the outcomes of the metrics, in the order of the spec.
    /// - Returns: nil if no source reported a config error.
    init?(configFaultIn outcomes: [ReadingOutcome], of metrics: [MetricSourceSpec]) {
        let faults = zip(metrics, outcomes).compactMap { metric, outcome -> String? in
            guard case .answered(let error)? = outcome.failure?.kind, error.kind == .configInvalid else { return nil }
            let path = error.path.flatMap { $0.isEmpty ? nil : ".config.\($0)" } ?? ""
            return "\(metric.path)\(path): \(error.message)"
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
