import KubernetesClient
import Logging
import Scaling
import ServiceLifecycle
import Synchronization
import WireFormats

/// Polls every scaler when it is due: reads its metrics, decides, and carries the decision out. Does so while this
/// process leads; otherwise it remembers nothing of any scaler, since whoever leads writes what has to be remembered.
///
/// The schedule and what is remembered of each scaler live here; what to do is the decision engine's, and what to
/// write is ``ScalerWriter``'s. A poll is one task; there is at most one per scaler at a time.
actor ScalerController: Service {
    /// Everything a poll needs of the world outside.
    struct Surroundings: Sendable {
        let scalers: Informer<GeneralScaler>
        let targets: TargetDirectory
        let rivals: RivalDirectory
        /// Nil where the operator was given no ConfigMap to be paused by.
        let pause: OperatorPause?
        let source: any MetricSource
        let secrets: any SecretSource
        let writer: ScalerWriter
        let leadership: Leadership
        let time: OperatorTime
        let metrics: OperatorMetrics
        let logger: Logger
    }

    /// New scalers are first polled this far apart, so that a start with thousands of them is no stampede.
    static let firstPollSpacing: Duration = .milliseconds(1)
    /// How often a decision whose write met a newer version of the target is made again before the next poll.
    static let maxConflictRetries = 3
    /// How long a target that nothing else scaled is taken to be the scaler's alone.
    static let rivalCheckInterval: Duration = .seconds(300)
    /// Share of the polling interval by which a poll may be late and still count as on time.
    static let ignoredLateness = 0.1

    private struct News {
        var objects: Set<ObjectKey> = []
        var targets: Set<TargetPlace> = []
    }

    private let world: Surroundings
    private let readings: SharedReadings
    private let resolver: SpecResolver
    /// What happened since the loop last looked. Bounded by the number of objects.
    private nonisolated let news = Mutex(News())
    private nonisolated let alarm = Alarm()
    private var states: [ObjectKey: ScalerState] = [:]
    /// Scalers whose target was not there when they last looked.
    private var waiting: [TargetPlace: Set<ObjectKey>] = [:]
    private var claims = ClaimTable()
    private(set) var schedule = DueSchedule<ObjectKey>()
    private var lastFirstPoll: Duration = .zero
    private var isStopping = false
    /// The term that everything remembered here belongs to.
    private var term: Leadership.Term?
    /// What was there when the term began is known.
    private var isCaughtUp = false

    init(_ world: Surroundings) {
        self.world = world
        readings = SharedReadings(source: world.source, time: world.time, metrics: world.metrics)
        resolver = SpecResolver(source: world.source, secrets: world.secrets)
    }

    // MARK: The loop

    func run() async throws {
        await withGracefulShutdownHandler {
            while !isStopping, !Task.isCancelled {
                if let term = world.leadership.term {
                    await lead(term)
                } else {
                    await standBy()
                }
            }
        } onGracefulShutdown: {
            // Ends with the actor's next turn; the loop itself waits for it.
            Task { await self.stop() }
        }
    }

    private func lead(_ term: Leadership.Term) async {
        self.term = term
        guard await lookAfresh() else { return forgetAll() }
        isCaughtUp = true
        await withDiscardingTaskGroup { polls in
            while isLeading, !isStopping, !Task.isCancelled {
                takeNews()
                while let due = schedule.nextDue, let key = schedule.popDue(by: world.time.elapsed()) {
                    startPoll(of: key, due: due, in: &polls)
                }
                await alarm.wait(until: schedule.nextDue, time: world.time)
            }
            // What is being read may be dropped; a write that has begun is finished by `carryOut`.
            polls.cancelAll()
        }
        forgetAll()
    }

    /// Whether the term is still on: looked at before everything that only a leader may do.
    private var isLeading: Bool { term != nil && term == world.leadership.term }

    /// Reads what the last leader wrote: a watch may be behind its last words.
    ///
    /// - Returns: whether that could be done while the term lasted.
    private func lookAfresh() async -> Bool {
        guard world.leadership.isShared else { return true }
        await withTaskGroup { group in
            group.addTask { [world] in
                async let scalers: Void = world.scalers.relist()
                async let targets: Void = world.targets.relist()
                _ = await (scalers, targets)
            }
            group.addTask { await self.untilItEnds() }
            await group.next()
            group.cancelAll()
        }
        guard isLeading, !isStopping, !Task.isCancelled else { return false }
        for key in world.scalers.objects.map(\.identity.key).sorted() { takeChange(key) }
        return true
    }

    private func untilItEnds() async {
        while isLeading, !isStopping, !Task.isCancelled { await alarm.wait(until: nil, time: world.time) }
    }

    /// Waits for its turn, and has the targets' caches filled meanwhile.
    private func standBy() async {
        let news = news.withLock { news in
            defer { news = News() }
            return news
        }
        var places: [String: TargetPlace] = [:]
        for key in news.objects {
            guard let target = try? world.scalers[key]?.spec.get().target else { continue }
            places["\(target.apiVersion) \(target.kind)"] = TargetPlace(namespace: key.namespace, target: target)
        }
        for place in places.values { await world.targets.prepare(place.target, namespace: place.namespace) }
        await alarm.wait(until: nil, time: world.time)
    }

    private func forgetAll() {
        for state in states.values { dropReadings(of: state) }
        states = [:]
        waiting = [:]
        claims = ClaimTable()
        schedule = DueSchedule()
        lastFirstPoll = .zero
        isCaughtUp = false
        term = nil
    }

    private func stop() {
        isStopping = true
        alarm.ring()
    }

    /// Tells the loop that an object was added, changed or deleted.
    nonisolated func objectChanged(_ key: ObjectKey) {
        news.withLock { _ = $0.objects.insert(key) }
        alarm.ring()
    }

    /// Tells the loop that this process may have become the leader, or may be it no longer.
    nonisolated func leadershipChanged() { alarm.ring() }

    /// Tells the loop that a target has come to be, which scalers may be waiting for.
    nonisolated func targetAppeared(_ place: TargetPlace) {
        news.withLock { _ = $0.targets.insert(place) }
        alarm.ring()
    }

    private func takeNews() {
        let news = news.withLock { news in
            defer { news = News() }
            return news
        }
        for key in news.objects { takeChange(key) }
        for place in news.targets {
            for key in waiting.removeValue(forKey: place) ?? [] where states[key] != nil {
                schedule.set(key, due: world.time.elapsed())
            }
        }
    }

    private func takeChange(_ key: ObjectKey) {
        guard let object = world.scalers[key], !object.isBeingDeleted else { return forget(key) }
        if let state = states[key], state.identity != object.identity { forget(key) }
        if var state = states[key] {
            guard state.generation != object.generation else { return }
            dropReadings(of: state)
            state.update(object, at: world.time.elapsed())
            states[key] = state
            schedule.set(key, due: world.time.elapsed())
        } else {
            states[key] = ScalerState(object)
            lastFirstPoll = max(world.time.elapsed(), lastFirstPoll + Self.firstPollSpacing)
            schedule.set(key, due: lastFirstPoll)
        }
        updateClaim(key)
    }

    private func forget(_ key: ObjectKey) {
        schedule.remove(key)
        guard let state = states.removeValue(forKey: key) else { return }
        if let successor = claims.set(nil, for: state.identity, creationTimestamp: state.creationTimestamp) {
            pollNow(successor)
        }
        dropReadings(of: state)
        if let target = state.target { waiting[TargetPlace(namespace: key.namespace, target: target)]?.remove(key) }
    }

    private func dropReadings(of state: ScalerState) {
        for query in state.resolution?.queries ?? [] { readings.unsubscribe(state.identity, from: query) }
    }

    private func updateClaim(_ key: ObjectKey) {
        guard let state = states[key] else { return }
        if let successor = claims.set(
            state.claimedTarget, for: state.identity, creationTimestamp: state.creationTimestamp)
        {
            pollNow(successor)
        }
    }

    private func pollNow(_ identity: ObjectIdentity) {
        let key = ObjectKey(namespace: identity.namespace, name: identity.name)
        guard states[key]?.identity == identity else { return }
        schedule.set(key, due: world.time.elapsed())
        alarm.ring()
    }

    // MARK: One poll

    /// One poll: of which object, in which version, and when it was to begin.
    private struct Poll: Sendable {
        let key: ObjectKey
        let identity: ObjectIdentity
        let generation: Int
        let due: Duration
    }

    private func startPoll(of key: ObjectKey, due: Duration, in polls: inout DiscardingTaskGroup) {
        guard let state = states[key] else { return }
        let now = world.time.elapsed()
        schedule.set(key, due: PollPhase.nextDue(after: now, phase: state.phase, interval: state.pollingInterval))
        // The poll that is still on reschedules nothing: the next due time stands already.
        guard !state.isPolling else { return }
        states[key]?.isPolling = true
        if let object = world.scalers[key], object.identity == state.identity {
            states[key]?.notice(version: object.resourceVersion)
        }
        let poll = Poll(key: key, identity: state.identity, generation: state.generation, due: due)
        polls.addTask {
            await self.run(poll)
            await self.finish(poll, startedAt: now)
        }
    }

    private func finish(_ poll: Poll, startedAt: Duration) {
        world.metrics.pollFinished(after: world.time.elapsed() - startedAt)
        world.logger.debug("poll finished", metadata: poll.identity.metadata([:]))
        guard let state = states[poll.key], state.identity == poll.identity else { return }
        states[poll.key]?.isPolling = false
        // Looked at when it ends and not at the next poll: a cooldown lasts as long as it says.
        if let end = state.lastDecision?.cooldownEnd, end > world.time.now(), let due = schedule.due(of: poll.key) {
            schedule.set(poll.key, due: min(due, world.time.elapsed() + (end - world.time.now())))
            alarm.ring()
        }
        if state.generation != poll.generation { pollNow(poll.identity) }
    }

    /// The state, unless the object was replaced, deleted or edited since the poll began, or somebody else leads.
    private func state(in poll: Poll) -> ScalerState? {
        guard isLeading, !isStopping, !Task.isCancelled, let state = states[poll.key], state.identity == poll.identity,
            state.generation == poll.generation
        else { return nil }
        return state
    }

    private func run(_ poll: Poll) async {
        do throws(Blocker) {
            let spec = try validSpec(poll.key)
            let (resolution, observations) = try await look(poll, spec)
            try await checkRival(poll, spec)
            for attempt in 0...Self.maxConflictRetries {
                let target = try await world.targets.snapshot(
                    of: spec.target, namespace: poll.key.namespace,
                    notOlderThan: states[poll.key]?.minimumTargetVersion, bypassingCache: attempt > 0
                )
                guard let state = state(in: poll) else { return }
                let outcome = decide(poll, state, resolution, observations, target)
                if outcome.decision.changesReplicas, spec.mode == .active, try await findsRival(poll, spec) { continue }
                if await carryOut(poll.key, outcome.decision, target) { return }
                // The next attempt is the same poll: it remembers what this one did.
                states[poll.key]?.history = state.history
            }
            throw Blocker(
                .scaleFailed, "\(spec.target) keeps changing while it is scaled; the next poll tries again."
            )
        } catch {
            guard let state = state(in: poll) else { return }
            if error.reason == .targetNotFound, let target = state.target {
                waiting[TargetPlace(namespace: poll.key.namespace, target: target), default: []].insert(poll.key)
            }
            world.metrics.blocked(error.reason)
            await report(.blocked(error), poll.key)
        }
    }

    private func validSpec(_ key: ObjectKey) throws(Blocker) -> GeneralScalerSpec {
        switch states[key]?.spec {
        case .success(let spec): return spec
        case .failure(let invalid): throw Blocker(.invalidSpec, invalid.description)
        case nil: throw Blocker(.invalidSpec, "the object is gone")
        }
    }

    /// Reads the metrics. A source that refuses the credentials is asked once more where the Secret has newer ones.
    private func look(
        _ poll: Poll, _ spec: GeneralScalerSpec
    ) async throws(Blocker) -> (Resolution, [MetricObservation]) {
        var resolution = try await resolution(poll, spec)
        var outcomes = await outcomes(of: resolution.queries)
        if !resolution.secrets.references.isEmpty, outcomes.contains(where: \.isAuthFailure) {
            let renewed = try await self.resolution(poll, spec, .recent)
            if renewed.secrets != resolution.secrets {
                resolution = renewed
                outcomes = await self.outcomes(of: renewed.queries)
            }
        }
        return (resolution, outcomes.map { MetricObservation($0) })
    }

    /// What the plugins made of the spec: asked once for each generation, and again when a Secret changed.
    private func resolution(
        _ poll: Poll, _ spec: GeneralScalerSpec, _ freshness: SecretFreshness = .cached
    ) async throws(Blocker) -> Resolution {
        let known = state(in: poll)?.resolution
        if let known, known.secrets.references.isEmpty { return known }
        let isFirstLook = states[poll.key]?.hasSeenSecrets == false
        let secrets = try await resolver.secretValues(
            of: spec, namespace: poll.key.namespace, isFirstLook ? .recent : freshness)
        if let state = state(in: poll) { states[poll.key]?.hasSeenSecrets = isSettled(state) }
        if let known, known.secrets == secrets { return known }
        let resolution = try await resolver.resolve(spec, secrets)
        guard let state = state(in: poll) else { return resolution }
        dropReadings(of: state)
        states[poll.key]?.resolution = resolution
        for (metric, query) in zip(spec.metrics, resolution.queries) {
            let terms = SharedReadings.Terms(interval: spec.pollingInterval, timeout: metric.timeout)
            readings.subscribe(poll.identity, to: query, terms: terms)
        }
        return resolution
    }

    /// Soon after an edit a Secret may still be as it was fetched before it: then it is looked at once more.
    private func isSettled(_ state: ScalerState) -> Bool {
        state.editedAt.map { world.time.elapsed() >= $0 + SecretLimits.leastInterval } ?? true
    }

    private func outcomes(of queries: [ReadingQuery]) async -> [ReadingOutcome] {
        guard queries.count > 1 else {
            var single: [ReadingOutcome] = []
            for query in queries { single.append(await readings.outcome(of: query)) }
            return single
        }
        return await withTaskGroup(of: (Int, ReadingOutcome).self) { group in
            for (index, query) in queries.enumerated() {
                group.addTask { (index, await self.readings.outcome(of: query)) }
            }
            var outcomes: [Int: ReadingOutcome] = [:]
            for await (index, outcome) in group { outcomes[index] = outcome }
            return queries.indices.compactMap { outcomes[$0] }
        }
    }

    /// Decides, synchronously, on what is known at this moment.
    private func decide(
        _ poll: Poll, _ state: ScalerState, _ resolution: Resolution, _ observations: [MetricObservation],
        _ target: TargetSnapshot
    ) -> DecisionOutcome {
        let now = decisionTime(poll, interval: resolution.spec.pollingInterval)
        states[poll.key]?.reversals.observe(current: target.replicas, now: now)
        let holds = holds(of: states[poll.key] ?? state, at: now)
        let outcome = DecisionEngine.decide(
            DecisionInput(
                spec: resolution.spec,
                now: now,
                current: target.replicas,
                ready: target.readyReplicas,
                observations: observations,
                history: state.history,
                holds: holds.map(\.cause),
                details: Dictionary(holds.map { ($0.cause, $0.why) }) { first, _ in first }
            )
        )
        states[poll.key]?.history = outcome.history
        let unreadySince = target.readyReplicas < target.replicas ? state.unreadySince ?? now : nil
        states[poll.key]?.unreadySince = unreadySince
        return outcome
    }

    /// Why the target is left alone whatever the metrics say. A dry run is held by nothing: it patches nothing.
    private func holds(of state: ScalerState, at now: Timestamp) -> [(cause: Cause, why: String)] {
        var holds: [(cause: Cause, why: String)] = []
        if let why = world.pause?.reason { holds.append((.paused, why)) }
        guard let target = state.claimedTarget else { return holds }
        if let holder = claims.holder(of: target, otherThan: state.identity) {
            holds.append((.duplicateTarget, "GeneralScaler/\(holder.name), which is older, scales this target"))
        }
        if let rival = state.rival {
            holds.append(
                (.replicasConflict, "\(rival) scales this target too: delete it, or set mode to DryRun here"))
        } else if state.reversals.isHolding(at: now), let end = state.reversals.heldUntil {
            holds.append(
                (
                    .replicasConflict,
                    "\(ReversalGuard.reversalsBeforeHold) changes in a row were undone by someone else, so the next try "
                        + "waits until \(end.rfc3339(.seconds)): find what sets the replicas of \(target)"
                ))
        }
        return holds
    }

    /// Looks for a HorizontalPodAutoscaler or ScaledObject on the target, before the first patch and from time to time.
    /// True: there is one, or there is none any more, and the decision has to be made anew.
    private func findsRival(_ poll: Poll, _ spec: GeneralScalerSpec) async throws(Blocker) -> Bool {
        guard let state = state(in: poll) else { return false }
        if let last = state.rivalsLookedForAt, world.time.elapsed() - last < Self.rivalCheckInterval { return false }
        let rival = try await world.rivals.rival(of: spec.target, namespace: poll.key.namespace)
        guard self.state(in: poll) != nil else { return false }
        states[poll.key]?.rival = rival
        states[poll.key]?.rivalsLookedForAt = rival == nil ? world.time.elapsed() : nil
        return rival != nil
    }

    /// A rival that was found is looked for again at every poll, so that its end is noticed.
    private func checkRival(_ poll: Poll, _ spec: GeneralScalerSpec) async throws(Blocker) {
        guard state(in: poll)?.rival != nil else { return }
        let rival = try await world.rivals.rival(of: spec.target, namespace: poll.key.namespace)
        if state(in: poll) != nil { states[poll.key]?.rival = rival }
    }

    /// When the poll was due, unless it is late by more than a little: two polls are then exactly their interval
    /// apart, and a cooldown of so many intervals does not miss the last of them by a millisecond.
    private func decisionTime(_ poll: Poll, interval: Duration) -> Timestamp {
        let lateness = world.time.elapsed() - poll.due
        return world.time.now() + (lateness <= interval * Self.ignoredLateness ? .zero - lateness : .zero)
    }

    // MARK: Acting

    /// Scales where the decision says so, and reports. False: the target changed under the decision; decide again.
    private func carryOut(
        _ key: ObjectKey, _ decision: Decision, _ target: TargetSnapshot
    ) async -> Bool {
        guard decision.changesReplicas, case .success(let spec) = states[key]?.spec, spec.mode == .active else {
            await report(.decided(decision, obstacle: nil), key)
            return true
        }
        // Not a child of the poll: a shutdown cancels what is being read, never a write that has begun. Awaited here.
        return await Task { await self.scale(key, decision, target, spec) }.value
    }

    private func scale(
        _ key: ObjectKey, _ decision: Decision, _ target: TargetSnapshot, _ spec: GeneralScalerSpec
    ) async -> Bool {
        guard let identity = states[key]?.identity, let generation = states[key]?.generation else {
            return true
        }
        guard await announcePending(decision, key), isLeading, states[key]?.identity == identity,
            states[key]?.generation == generation
        else {
            states[key]?.history.pendingScale = nil
            return true
        }
        switch await world.writer.scale(
            spec.target, namespace: key.namespace, to: decision.desired, at: target, deadline: writeDeadline)
        {
        case .scaled(let version):
            states[key]?.history.recordScale(
                from: decision.current, to: decision.desired, at: decision.time, startsCooldown: decision.startsCooldown
            )
            states[key]?.minimumTargetVersion = version
            states[key]?.reversals.recordScale(to: decision.desired)
            world.metrics.scaled(up: decision.desired > decision.current)
            world.writer.announce(decision, of: identity, target: spec.target)
            await report(.decided(decision, obstacle: nil), key)
        case .conflict:
            states[key]?.history.pendingScale = nil
            return false
        case .unknown(let blocker):
            // It may have happened: the next look at the replicas tells, and pendingScale stays until then.
            await report(.decided(decision, obstacle: blocker), key)
        case .refused(let blocker):
            states[key]?.history.pendingScale = nil
            await report(.decided(decision, obstacle: blocker), key)
        }
        return true
    }

    /// Writes what is about to be done before it is done, so that a crash in between is noticed at the next start.
    private func announcePending(_ decision: Decision, _ key: ObjectKey) async -> Bool {
        states[key]?.history.pendingScale = ScalingHistory.PendingScale(
            from: decision.current, to: decision.desired, at: decision.time
        )
        guard let state = states[key] else { return false }
        states[key]?.isStatusWritten = false
        let verdict = ScalerVerdict.decided(decision, obstacle: nil)
        let conditions = state.change(to: verdict, plugins: state.pluginsCondition)
            .conditions(now: world.time.now(), generation: state.generation)
        return await write(state.status(conditions, decision), key)
    }

    /// Writes the status that was made for the version that is known, and once more where only a label or the like has
    /// changed since.
    private func write(_ status: ScalerStatus, _ key: ObjectKey) async -> Bool {
        guard isLeading, let state = states[key] else { return false }
        var result = await world.writer.write(
            status, to: state.identity, at: state.version, deadline: writeDeadline)
        if case .conflict = result, isLeading,
            let object = await world.writer.read(state.identity, deadline: writeDeadline),
            isLeading, object.generation == state.generation
        {
            result = await world.writer.write(
                status, to: state.identity, at: object.resourceVersion, deadline: writeDeadline)
        }
        guard case .written(let version) = result else { return false }
        if states[key]?.identity == state.identity { states[key]?.notice(version: version) }
        return true
    }

    /// No write is under way when somebody else may lead.
    private var writeDeadline: Duration { min(KubernetesLimits.callDeadline, world.leadership.writeTime) }

    /// Makes the object's status and events say what came of the poll, where they do not yet.
    private func report(_ verdict: ScalerVerdict, _ key: ObjectKey) async {
        guard let types = states[key]?.metricTypes else { return }
        let plugins = Condition.plugins(unhealthy: await world.source.unhealthyPlugins(ofTypes: types))
        guard isLeading, let previous = states[key] else { return }
        let change = previous.change(to: verdict, plugins: plugins)
        let conditions = change.conditions(now: world.time.now(), generation: previous.generation)
        states[key]?.conditions = conditions
        var blocker: Blocker?
        switch verdict {
        case .decided(let decision, let obstacle):
            states[key]?.lastDecision = decision
            if let obstacle { states[key]?.errors[obstacle.reason, default: 0] += 1 }
            world.metrics.decided()
        case .blocked(let why):
            blocker = why
            states[key]?.errors[why.reason, default: 0] += 1
        }
        world.writer.announce(change, of: previous.identity, target: previous.target)
        guard !previous.isStatusWritten || change.isChange, let state = states[key] else { return }
        let status = state.status(conditions, state.lastDecision, blocker: blocker)
        let isWritten = await write(status, key)
        if states[key]?.identity == state.identity, states[key]?.generation == state.generation {
            states[key]?.isStatusWritten = isWritten
        }
    }

    // MARK: Looking in

    /// Whether this process leads and knows all that it has to know for that.
    var leads: Bool { isLeading && isCaughtUp }

    /// Nothing is being polled and nothing that happened is yet to be looked at.
    var isQuiet: Bool {
        alarm.isWaiting && term == world.leadership.term && isCaughtUp == (term != nil)
            && news.withLock { $0.objects.isEmpty && $0.targets.isEmpty } && !states.values.contains(where: \.isPolling)
    }

    /// What `/metrics` shows.
    func snapshot() -> ControllerSnapshot {
        let scalers = states.values.map {
            ScalerSnapshot(
                identity: $0.identity, decision: $0.lastDecision, conditions: $0.conditions, errors: $0.errors)
        }
        let now = world.time.elapsed()
        let queued = states.count { $0.value.isPolling || schedule.due(of: $0.key).map { $0 <= now } ?? false }
        return ControllerSnapshot(scalers: scalers, leads: leads, queueDepth: queued)
    }
}
