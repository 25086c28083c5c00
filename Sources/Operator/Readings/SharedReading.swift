import PluginHost
import PluginProtocol
import ScalerAPI
import Scaling
import Synchronization
import SystemIO

/// The last reading of one query, its subscribers, and the call in flight for it.
final class SharedReading: Sendable {
    struct Dependencies: Sendable {
        let source: any MetricSource
        let time: TimeSource
        let metrics: OperatorCounters
    }

    private typealias Waiter = CheckedContinuation<ReadingOutcome, Never>

    private struct State {
        /// The config with the newest values of its references.
        var config: PluginConfig
        /// The terms that each scaler requested.
        var users: [ObjectIdentity: SharedReadings.Terms] = [:]
        var isInFlight = false
        /// The waiters for the call in flight.
        var waiters: [UInt64: Waiter] = [:]
        /// The newest outcome, answered or pushed.
        var latest: ReadingOutcome?
        /// When the last answered call began.
        var askedAt: Duration?
        /// Delays the next call after an error that is not retryable.
        var pause = RefusalPause()
        /// The time of the last useful pushed reading.
        var pushedAt: Duration?
        /// The subscription, which keeps the source ready and lets the plugin push if it supports that.
        var subscription: ReadingSubscription?

        init(_ config: PluginConfig) {
            self.config = config
        }

        /// Takes a config with other values. What failed with the earlier ones may succeed with these.
        mutating func renew(_ new: PluginConfig) {
            guard new != config else { return }
            config = new
            subscription?.renew(new)
            guard case .failure? = latest else { return }
            latest = nil
            pause = RefusalPause()
        }

        mutating func takeWaiters() -> [Waiter] {
            defer { waiters = [:] }
            return Array(waiters.values)
        }

        /// Returns whether the latest reading was observed after this one.
        func isNewer(than reading: MetricReading) -> Bool {
            guard case .success(let known)? = latest else { return false }
            return known.observedAtMicroseconds > reading.observedAtMicroseconds
        }

        func hasValue(of reading: MetricReading) -> Bool {
            guard case .success(let known)? = latest else { return false }
            return known.value == reading.value && known.isAssumed == reading.isAssumed
                && known.usefulReplicas == reading.usefulReplicas && known.isActive == reading.isActive
        }

        /// Returns the answer, or a reading that was pushed during the call, if the answer is older or missing.
        func newest(of answer: ReadingOutcome, askedAt: Duration) -> ReadingOutcome {
            guard let pushedAt, pushedAt >= askedAt, let latest else { return answer }
            guard case .success(let reading) = answer, !isNewer(than: reading) else { return latest }
            return answer
        }

        var isUnused: Bool { users.isEmpty && !isInFlight }
        var shortestInterval: Duration { users.values.lazy.map(\.interval).min() ?? .zero }
        var longestTimeout: Duration { users.values.lazy.map(\.timeout).max() ?? MetricSourceSpec.defaultTimeout }
    }

    /// The share of the shortest interval that has to pass before the source is read again. Slightly less than 1, so
    /// that a poll that is slightly early does not use the same reading twice.
    private static let reuseShare = 0.9

    private static let cancelled: ReadingOutcome = .failure(
        PluginFailure(.cancelled, plugin: nil, "the reading was cancelled"))

    private let type: String
    private let targetType: TargetType
    private let dependencies: Dependencies
    private let state: Mutex<State>
    private let onUnused: @Sendable () -> Void

    /// - Parameter onUnused: called without a lock if there has been no subscriber since the last call began.
    init(of query: ReadingQuery, in dependencies: Dependencies, onUnused: @escaping @Sendable () -> Void) {
        type = query.type
        targetType = query.targetType
        state = Mutex(State(query.config))
        self.dependencies = dependencies
        self.onUnused = onUnused
    }

    var isUnused: Bool { state.withLock(\.isUnused) }

    func subscribe(
        _ user: ObjectIdentity, _ terms: SharedReadings.Terms, config: PluginConfig,
        onPush: @escaping @Sendable ([ObjectIdentity]) -> Void
    ) {
        state.withLock { state in
            state.users[user] = terms
            state.renew(config)
            guard state.subscription == nil else { return }
            state.subscription = dependencies.source.subscribe(
                type: type, config: config, targetType: targetType
            ) { [weak self] in self?.pushed($0, to: onPush) }
        }
    }

    /// - Returns: whether the reading is unused.
    func unsubscribe(_ user: ObjectIdentity) -> Bool {
        state.withLock { state in
            state.users[user] = nil
            guard state.users.isEmpty else { return false }
            state.subscription?.cancel()
            state.subscription = nil
            return !state.isInFlight
        }
    }

    /// Returns an outcome that is available now; nil if the waiter was queued for a call.
    ///
    /// - Parameter maxAge: the maximum age of an outcome, if it is to be newer than usual.
    func outcomeAtHand(
        _ config: PluginConfig, _ takesPushed: Bool, maxAge: Duration?, waiter: UInt64,
        _ continuation: CheckedContinuation<ReadingOutcome, Never>
    ) -> ReadingOutcome? {
        state.withLock { state in
            if Task.isCancelled { return Self.cancelled }
            state.renew(config)
            let now = dependencies.time.elapsed()
            if let latest = state.latest {
                let shortestInterval = state.shortestInterval
                let reuseTime = min(shortestInterval * Self.reuseShare, maxAge ?? .seconds(Int64.max))
                let isFresh = { (since: Duration) in now - since < reuseTime }
                if !state.isInFlight, let askedAt = state.askedAt, isFresh(askedAt) { return latest }
                if !state.isInFlight, !state.pause.isOver(now: now) { return latest }
                if takesPushed, let pushedAt = state.pushedAt, isFresh(pushedAt) { return latest }
            }
            state.waiters[waiter] = continuation
            if !state.isInFlight {
                state.isInFlight = true
                call(state.config, timeout: state.longestTimeout, startedAt: now)
            }
            return nil
        }
    }

    func stopWaiting(_ waiter: UInt64) {
        let waiter = state.withLock { $0.waiters.removeValue(forKey: waiter) }
        waiter?.resume(returning: Self.cancelled)
    }

    private func call(_ config: PluginConfig, timeout: Duration, startedAt: Duration) {
        // Awaited by the waiters; ends with the source's own deadline.
        Task { [self] in
            let outcome: ReadingOutcome
            do throws(PluginFailure) {
                outcome = .success(
                    try await dependencies.source.read(
                        type: type, config: config, targetType: targetType, timeout: timeout
                    )
                )
            } catch {
                outcome = .failure(error)
            }
            dependencies.metrics.sourceAnswered(
                type: type, after: dependencies.time.elapsed() - startedAt, failure: outcome.failure?.reason)
            take(outcome, config, askedAt: startedAt)
        }
    }

    private func take(_ answer: ReadingOutcome, _ config: PluginConfig, askedAt: Duration) {
        guard !isRepeated(answer, config) else { return }
        let (latest, waiters, isUnused) = state.withLock { state in
            let latest = state.newest(of: answer, askedAt: askedAt)
            state.isInFlight = false
            state.latest = latest
            state.askedAt = askedAt
            state.pause.answered(latest, askedAt: askedAt, interval: state.shortestInterval)
            return (latest, state.takeWaiters(), state.isUnused)
        }
        if isUnused { onUnused() }
        for waiter in waiters { waiter.resume(returning: latest) }
    }

    /// Repeats a failed call if the config has other values by now, which a waiter expects to be used.
    private func isRepeated(_ answer: ReadingOutcome, _ config: PluginConfig) -> Bool {
        guard case .failure = answer else { return false }
        return state.withLock { state in
            guard state.config != config, !state.waiters.isEmpty else { return false }
            call(state.config, timeout: state.longestTimeout, startedAt: dependencies.time.elapsed())
            return true
        }
    }

    /// Stores a pushed reading and delivers it to the waiters.
    private func pushed(_ reading: MetricReading, to onPush: ([ObjectIdentity]) -> Void) {
        // A reading from the future would be newer than any answer. The next poll reports the clock problem.
        let latest = dependencies.time.now() + MetricObservation.maxClockSkew
        let audience = reading.observedAtMicroseconds > latest.microsecondsSince1970 ? nil : takePush(reading)
        dependencies.metrics.pushed(type: type, isOfUse: audience != nil)
        guard let audience else { return }
        for waiter in audience.waiters { waiter.resume(returning: .success(reading)) }
        if !audience.users.isEmpty { onPush(audience.users) }
    }

    private struct Audience {
        var users: [ObjectIdentity]
        var waiters: [Waiter]
    }

    /// - Returns: nil if there is no subscriber, or a newer reading is known.
    private func takePush(_ reading: MetricReading) -> Audience? {
        state.withLock { state in
            guard state.subscription != nil, !state.isNewer(than: reading) else { return nil }
            let waiters = state.takeWaiters()
            // The only subscriber has the reading already, or had the same value, such as a plugin's first push.
            let isOld = state.users.count == 1 && (!waiters.isEmpty || state.hasValue(of: reading))
            state.latest = .success(reading)
            state.pause = RefusalPause()
            state.pushedAt = dependencies.time.elapsed()
            return Audience(users: isOld ? [] : Array(state.users.keys), waiters: waiters)
        }
    }
}
