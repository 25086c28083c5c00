import KubernetesClient
import Logging
import PluginHost
import ScalerAPI
import Scaling
import SystemIO
import WireFormats

// One poll, from its due time to its verdict.
extension ScalerController {
    /// How often a decision is repeated before the next poll after a conflict on the target.
    static let maxConflictRetries = 3
    /// The share of the polling interval by which a poll may be late and still count as on time.
    static let ignoredLateness = 0.1

    /// The minimum time between two early polls of one scaler that pushed readings cause.
    static let pushSpacing: Duration = .seconds(1)
    /// The same for a scaler whose target is at 0, which has to be activated quickly.
    static let pushSpacingAtZero: Duration = .milliseconds(100)

    /// A poll: its object, the object's version, and the time at which it was due.
    struct Poll: Sendable {
        let key: ObjectKey
        let identity: ObjectIdentity
        let generation: Int
        let due: Duration
        /// Whether a pushed reading started the poll early, so that the poll may use that reading.
        let isPushed: Bool
        /// The maximum age of readings, if they are to be newer than usual.
        var maxAge: Duration?
    }

    func startPoll(of key: ObjectKey, due: Duration, in polls: inout DiscardingTaskGroup) {
        guard let state = states[key] else { return }
        let now = dependencies.time.elapsed()
        let isPushed = state.isPushed && due < state.nextAsking
        let next =
            isPushed
            ? state.nextAsking : PollPhase.nextDue(after: now, phase: state.phase, interval: state.pollingInterval)
        state.nextAsking = next
        schedule.set(key, due: next)
        // A running poll reschedules nothing: the next due time is already set.
        guard !state.isPolling else { return }
        state.isPolling = true
        state.decidedAt = nil
        state.isPushed = false
        if isPushed {
            state.lastPushedPoll = now
            dependencies.metrics.pollWasPushed()
        }
        if let object = dependencies.scalers[key], object.identity == state.identity {
            state.notice(version: object.resourceVersion)
        }
        startRebuild(of: key, state, at: now, in: &polls)
        var poll = Poll(key: key, identity: state.identity, generation: state.generation, due: due, isPushed: isPushed)
        if state.isDueForEdge { poll.maxAge = Self.edgeReadingAge }
        state.isDueForEdge = false
        polls.addTask {
            await CallOrigin.$namespace.withValue(poll.key.namespace) { await self.run(poll) }
            await self.finish(poll, startedAt: now)
        }
    }

    private func finish(_ poll: Poll, startedAt: Duration) {
        dependencies.metrics.pollFinished(after: dependencies.time.elapsed() - startedAt)
        dependencies.logger.debug("poll finished", metadata: poll.identity.metadata([:]))
        guard let state = states[poll.key], state.identity == poll.identity else { return }
        state.isPolling = false
        // Checked at the end of the cooldown in place of the next poll, so that a cooldown is not longer than
        // configured.
        if let end = state.lastDecision?.cooldownEnd, end > dependencies.time.now(),
            let due = schedule.due(of: poll.key)
        {
            schedule.set(poll.key, due: min(due, dependencies.time.elapsed() + (end - dependencies.time.now())))
            wakeUp.signal()
        }
        wakeForSchedules(state, poll.key)
        if state.generation != poll.generation { pollNow(poll.identity) }
        if knowsBudgets { decideAgain(state) }
        if state.isPushed { pollEarly(poll.key) }
    }

    /// Handles a pushed reading of the scaler.
    func takePush(_ key: ObjectKey) {
        guard let state = states[key] else { return }
        state.isPushed = true
        // A running poll may already have read the metrics; its end checks for pushed readings again.
        if !state.isPolling { pollEarly(key) }
    }

    /// Schedules an early poll of the scaler as soon as the spacing allows, unless it is due before.
    private func pollEarly(_ key: ObjectKey) {
        guard let state = states[key], let due = schedule.due(of: key) else { return }
        let spacing = state.lastDecision?.desired == 0 ? Self.pushSpacingAtZero : Self.pushSpacing
        let now = dependencies.time.elapsed()
        let earliest = max(now, state.lastPushedPoll.map { $0 + spacing } ?? now)
        guard earliest < due else { return }
        schedule.set(key, due: earliest)
        wakeUp.signal()
    }

    /// Returns the state that a poll reads and decides with. A poll calls this after each suspension.
    ///
    /// - Throws: ``StalePoll``, including during shutdown.
    private func readable(_ poll: Poll) throws -> ScalerState {
        guard !isStopping, !Task.isCancelled else { throw StalePoll() }
        return try state(of: poll)
    }

    /// Returns the state that a poll may write.
    ///
    /// - Throws: ``StalePoll`` if the object was replaced, deleted or edited since the poll began, or this process is
    ///   no longer the leader.
    func state(of poll: Poll) throws -> ScalerState {
        guard isLeading, let state = states[poll.key], state.identity == poll.identity,
            state.generation == poll.generation
        else { throw StalePoll() }
        return state
    }

    private func run(_ poll: Poll) async {
        do {
            try await scaleOnce(poll)
        } catch let blocker as Blocker {
            try? await block(poll, blocker)
        } catch {
            // The poll is stale: the next one reports.
        }
    }

    private func scaleOnce(_ poll: Poll) async throws {
        let spec = try validSpec(poll)
        let (resolution, readings) = try await readMetrics(poll, spec)
        try await checkOtherAutoscalers(poll, spec)
        for attempt in 0...Self.maxConflictRetries {
            let known = try readable(poll)
            // A stale cache does not show whether a patch without a response was applied.
            let isUnclear = known.history.pendingScale != nil || known.unconfirmed != nil
            let target = try await dependencies.targets.snapshot(
                of: spec.target, namespace: poll.key.namespace,
                notOlderThan: known.minimumTargetVersion, bypassingCache: attempt > 0 || isUnclear
            )
            let state = try readable(poll)
            stopWaiting(poll.key, for: spec.target)
            state.see(target, at: dependencies.time.now())
            reviewUnconfirmed(target.replicas, state)
            let history = state.history
            let outcome = decide(poll, state, resolution, readings, target)
            if try await carryOut(poll, outcome.decision, target) { return }
            // Each attempt starts from the same history.
            try readable(poll).history = history
        }
        throw Blocker(.scaleFailed, "\(spec.target) keeps changing while it is scaled; the next poll retries.")
    }

    private func block(_ poll: Poll, _ blocker: Blocker) async throws {
        let state = try readable(poll)
        if blocker.reason == .targetNotFound, let target = state.target {
            waiting[TargetPlace(namespace: poll.key.namespace, target: target), default: []].insert(poll.key)
        }
        reviewUnconfirmed(nil, state)
        noteBlocked(blocker, poll.key)
        dependencies.metrics.blocked(blocker.reason)
        try await report(.blocked(blocker), poll)
    }

    private func validSpec(_ poll: Poll) throws -> GeneralScalerSpec {
        switch try readable(poll).spec {
        case .success(let spec): return spec
        case .failure(let invalid): throw Blocker(.invalidSpec, invalid.description)
        }
    }

    /// Reads the metrics. If a source refuses the credentials and the Secret has newer ones, the read is retried once.
    private func readMetrics(
        _ poll: Poll, _ spec: GeneralScalerSpec
    ) async throws -> (Resolution, [String: ReadingOutcome]) {
        var resolution = try await resolution(poll, spec)
        var outcomes = await outcomes(of: resolution.queries, poll)
        if !resolution.secrets.references.isEmpty, outcomes.contains(where: \.isAuthFailure) {
            let renewed = try await self.resolution(poll, spec, .recent)
            if renewed.secrets != resolution.secrets {
                resolution = renewed
                outcomes = await self.outcomes(of: renewed.queries, poll)
            }
        }
        try readable(poll).configFault = Blocker(configFaultIn: outcomes, of: spec.metrics)
        let readings = zip(spec.metrics, outcomes).map { ($0.name, $1) }
        return (resolution, Dictionary(readings) { first, _ in first })
    }

    /// Returns the plugins' resolution of the spec, computed once per generation and again after a Secret has changed.
    private func resolution(
        _ poll: Poll, _ spec: GeneralScalerSpec, _ freshness: SecretFreshness = .cached
    ) async throws -> Resolution {
        let scaler = try await filledScaler(poll, spec)
        let before = try readable(poll)
        let known = before.resolution.flatMap { $0.scaler == scaler ? $0 : nil }
        if let known, known.secrets.references.isEmpty { return known }
        let secrets = try await resolver.secretValues(
            of: spec, for: scaler, before.hasSeenSecrets ? freshness : .recent)
        let between = try readable(poll)
        between.hasSeenSecrets = isSettled(between)
        if let known, known.secrets == secrets { return known }
        let resolution = try await resolver.resolve(spec, secrets, for: scaler)
        let after = try readable(poll)
        let former = after.resolution?.queries ?? []
        after.resolution = resolution
        for (metric, query) in zip(spec.metrics, resolution.queries) {
            let terms = SharedReadings.Terms(interval: spec.pollingInterval, timeout: metric.timeout)
            readings.subscribe(poll.identity, to: query, terms: terms)
        }
        // Last, so that a query that remains is not without a subscriber in between.
        let current = Set(resolution.queries.map(\.identity))
        for query in former where !current.contains(query.identity) {
            readings.unsubscribe(poll.identity, from: query)
        }
        return resolution
    }

    /// Returns what is filled into configs of the scaler. The target is read for it only if a config needs its selector.
    private func filledScaler(_ poll: Poll, _ spec: GeneralScalerSpec) async throws -> FilledScaler {
        var scaler = FilledScaler(namespace: poll.key.namespace, name: poll.key.name, target: spec.target)
        guard resolver.needsSelector(spec) else { return scaler }
        let known = try readable(poll)
        scaler.selector = try await dependencies.targets.snapshot(
            of: spec.target, namespace: poll.key.namespace, notOlderThan: known.minimumTargetVersion,
            bypassingCache: false
        ).selector
        return scaler
    }

    /// Soon after an edit, a Secret may still have its earlier value: then it is fetched once more.
    private func isSettled(_ state: ScalerState) -> Bool {
        state.editedAt.map { dependencies.time.elapsed() >= $0 + SecretLimits.leastInterval } ?? true
    }

    private func outcomes(of queries: [ReadingQuery], _ poll: Poll) async -> [ReadingOutcome] {
        @Sendable func outcome(of query: ReadingQuery) async -> ReadingOutcome {
            await readings.outcome(of: query, takesPushed: poll.isPushed, maxAge: poll.maxAge)
        }
        guard queries.count > 1 else {
            var single: [ReadingOutcome] = []
            for query in queries { single.append(await outcome(of: query)) }
            return single
        }
        return await withTaskGroup(of: (Int, ReadingOutcome).self) { group in
            for (index, query) in queries.enumerated() {
                group.addTask { (index, await outcome(of: query)) }
            }
            var outcomes: [Int: ReadingOutcome] = [:]
            for await (index, outcome) in group { outcomes[index] = outcome }
            return queries.indices.compactMap { outcomes[$0] }
        }
    }

    /// Makes a decision synchronously from the current state.
    private func decide(
        _ poll: Poll, _ state: ScalerState, _ resolution: Resolution, _ readings: [String: ReadingOutcome],
        _ target: TargetSnapshot
    ) -> DecisionOutcome {
        let now = decisionTime(poll, interval: resolution.spec.pollingInterval)
        state.decidedAt = now
        state.reversals.observe(current: target.replicas, now: now)
        noteRequests(target.requests, state)
        let holds = holds(of: state, at: now)
        var input = DecisionInput(
            spec: resolution.spec,
            now: now,
            current: target.replicas,
            ready: target.readyReplicas,
            readings: readings.mapValues { MetricObservation($0) },
            usefulReplicas: readings.compactMapValues(\.usefulReplicas),
            history: state.history,
            holds: holds.map(\.cause),
            details: Dictionary(holds.map { ($0.cause, $0.why) }) { first, _ in first },
            isPushed: poll.isPushed
        )
        input.activity = readings.compactMapValues(\.isActive)
        state.forecasts.forecast(&input)
        let outcome = decideWithinBudgets(input, state)
        state.history = outcome.history
        state.forecasts.note(outcome.decision.forecasts, of: resolution.spec, at: now)
        let isUnready = target.readyReplicas.map { $0 < target.replicas } ?? false
        if !isUnready, let unreadySince = state.unreadySince {
            state.forecasts.measureStartup(
                from: unreadySince, to: now, lastScaleUp: state.history.lastScaleUpTime,
                interval: resolution.spec.pollingInterval)
        }
        state.unreadySince = isUnready ? state.unreadySince ?? now : nil
        return outcome
    }

    /// Returns the reason why the target is held regardless of the metrics. A dry run is never held: it patches
    /// nothing.
    private func holds(of state: ScalerState, at now: Timestamp) -> [(cause: Cause, why: String)] {
        var holds: [(cause: Cause, why: String)] = []
        if let why = dependencies.pause?.reason { holds.append((.paused, why)) }
        guard let target = state.claimedTarget else { return holds }
        let holder = claims.holder(of: target, otherThan: state.identity)
        noteHolding(holder == nil ? now : nil, by: state)
        if let holder { holds.append((.duplicateTarget, holder.sentence)) }
        if let other = state.otherAutoscaler {
            holds.append(
                (.replicasConflict, "\(other) also scales this target: delete it, or set mode to DryRun here"))
        } else if state.reversals.isHolding(at: now), let end = state.reversals.heldUntil {
            holds.append(
                (
                    .replicasConflict,
                    "\(ReversalGuard.reversalsBeforeHold) consecutive changes were reverted by another client, so the next attempt "
                        + "waits until \(end.rfc3339(.seconds)): find the client that sets the replicas of \(target)"
                ))
        }
        return holds
    }

    private func noteHolding(_ heldAt: Timestamp?, by state: ScalerState) {
        // The exact time matters only after a restart, which reads it from the status.
        guard (heldAt == nil) != (state.heldTargetAt == nil) else { return }
        state.heldTargetAt = heldAt
        claims.note(heldAt: heldAt, by: state.identity)
    }

    /// Checks whether a HorizontalPodAutoscaler or ScaledObject scales the target.
    private func checkOtherAutoscalers(_ poll: Poll, _ spec: GeneralScalerSpec) async throws {
        guard try readable(poll).claimedTarget != nil else { return }
        let other = try await dependencies.autoscalers.otherAutoscaler(of: spec.target, namespace: poll.key.namespace)
        try readable(poll).otherAutoscaler = other
    }

    /// The due time of the poll, or the current time if the poll is clearly late. Polls are then exactly one interval
    /// apart, and a cooldown of several intervals does not miss the last poll by a millisecond.
    private func decisionTime(_ poll: Poll, interval: Duration) -> Timestamp {
        let lateness = dependencies.time.elapsed() - poll.due
        return dependencies.time.now() + (lateness <= interval * Self.ignoredLateness ? .zero - lateness : .zero)
    }
}

/// The object of a poll was replaced, deleted or edited since the poll began, or this process is no longer the leader.
struct StalePoll: Error {}

extension ClaimTable.Holder {
    fileprivate var sentence: String {
        let name = "GeneralScaler/\(identity.name)"
        let why =
            switch reason {
            case .isOlder: "\(name), which is older, scales this target"
            case .alreadyScales: "\(name), created in the same second, already scales this target"
            case .isFirstByName: "\(name), created in the same second and first by name, scales this target"
            }
        return "\(why): delete one of the two, or set mode to DryRun in one"
    }
}
