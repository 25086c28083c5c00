import KubernetesClient
import Logging
import ScalerAPI
import Scaling
import ServiceLifecycle
import Synchronization
import SystemIO

/// Polls every scaler when it is due: reads its metrics, decides, and carries the decision out. Does so only while this
/// process leads; otherwise it keeps no state of any scaler, since the leader writes all state that must survive.
///
/// The schedule and what is remembered of each scaler live here; what to do is the decision engine's, and what to
/// write is ``ScalerWriter``'s. A poll is one task; there is at most one per scaler at a time.
actor ScalerController: Service {
    /// The dependencies of a poll.
    struct Dependencies: Sendable {
        let scalers: Informer<GeneralScaler>
        let targets: TargetDirectory
        let rivals: RivalDirectory
        /// Nil if the operator was given no ConfigMap to be paused by.
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

    /// Writes to the API server under way at one time.
    static let maxWrites = 64

    private struct PendingChanges {
        var objects: Set<ObjectKey> = []
        var targets: Set<TargetPlace> = []
        /// Scalers that a reading was pushed for.
        var pushes: Set<ObjectKey> = []
    }

    let dependencies: Dependencies
    let readings: SharedReadings
    let resolver: SpecResolver
    let writes = AsyncSemaphore(ScalerController.maxWrites)
    /// What happened since the loop last looked. Bounded by the number of objects.
    private nonisolated let pendingChanges = Mutex(PendingChanges())
    nonisolated let alarm = Alarm()
    var states: [ObjectKey: ScalerState] = [:]
    /// Scalers whose target did not exist at their last poll.
    var waiting: [TargetPlace: Set<ObjectKey>] = [:]
    var claims = ClaimTable()
    var schedule = DueSchedule<ObjectKey>()
    private var lastFirstPoll: Duration = .zero
    var isStopping = false
    /// The term that everything remembered here belongs to.
    private var term: Leadership.Term?
    /// What was there when the term began is known.
    private var isCaughtUp = false

    init(_ dependencies: Dependencies) {
        self.dependencies = dependencies
        readings = SharedReadings(source: dependencies.source, time: dependencies.time, metrics: dependencies.metrics)
        resolver = SpecResolver(source: dependencies.source, secrets: dependencies.secrets)
        readings.whenPushed { [weak self] in self?.readingPushed(for: $0) }
    }

    // MARK: The loop

    func run() async throws {
        await withGracefulShutdownHandler {
            while !isStopping, !Task.isCancelled {
                if let term = dependencies.leadership.term {
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
        guard await resync() else { return forgetAll() }
        isCaughtUp = true
        await withDiscardingTaskGroup { polls in
            while isLeading, !isStopping, !Task.isCancelled {
                drainChanges()
                while let due = schedule.nextDue, let key = schedule.popDue(by: dependencies.time.elapsed()) {
                    startPoll(of: key, due: due, in: &polls)
                }
                await alarm.wait(until: schedule.nextDue, time: dependencies.time)
            }
            // What is being read may be dropped; a write that has begun is finished by `carryOut`.
            polls.cancelAll()
        }
        forgetAll()
    }

    /// Whether the term is still on: looked at before everything that only a leader may do.
    var isLeading: Bool { term != nil && term == dependencies.leadership.term }

    /// Reads what the last leader wrote: a watch may be behind its last words.
    ///
    /// - Returns: whether that could be done while the term lasted.
    private func resync() async -> Bool {
        guard dependencies.leadership.isShared else { return true }
        await withTaskGroup { group in
            group.addTask { [dependencies] in
                async let scalers: Void = dependencies.scalers.relist()
                async let targets: Void = dependencies.targets.relist()
                _ = await (scalers, targets)
            }
            group.addTask { await self.untilItEnds() }
            await group.next()
            group.cancelAll()
        }
        guard isLeading, !isStopping, !Task.isCancelled else { return false }
        for key in dependencies.scalers.objects.map(\.identity.key).sorted() { takeChange(key) }
        return true
    }

    private func untilItEnds() async {
        while isLeading, !isStopping, !Task.isCancelled { await alarm.wait(until: nil, time: dependencies.time) }
    }

    /// Waits for its turn, and has the targets' caches filled meanwhile.
    private func standBy() async {
        let pendingChanges = pendingChanges.withLock { pendingChanges in
            defer { pendingChanges = PendingChanges() }
            return pendingChanges
        }
        var places: [String: TargetPlace] = [:]
        for key in pendingChanges.objects {
            guard let target = try? dependencies.scalers[key]?.spec.get().target else { continue }
            places["\(target.apiVersion) \(target.kind)"] = TargetPlace(namespace: key.namespace, target: target)
        }
        if !places.isEmpty { await prepare(Array(places.values)) }
        // What rang meanwhile has been heard already.
        guard dependencies.leadership.term == nil, !isStopping, !hasNewObjects else { return }
        await alarm.wait(until: nil, time: dependencies.time)
    }

    /// Fills caches, for as long as another process leads.
    private func prepare(_ places: [TargetPlace]) async {
        await withTaskGroup { group in
            group.addTask { [dependencies] in
                for place in places { await dependencies.targets.prepare(place.target, namespace: place.namespace) }
                await dependencies.rivals.prepare()
            }
            group.addTask { await self.untilItBegins() }
            await group.next()
            group.cancelAll()
        }
    }

    private func untilItBegins() async {
        while dependencies.leadership.term == nil, !isStopping, !Task.isCancelled {
            await alarm.wait(until: nil, time: dependencies.time)
        }
    }

    private nonisolated var hasNewObjects: Bool { pendingChanges.withLock { !$0.objects.isEmpty } }

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
        pendingChanges.withLock { _ = $0.objects.insert(key) }
        alarm.ring()
    }

    /// Tells the loop that this process may have become the leader, or may be it no longer.
    nonisolated func leadershipChanged() { alarm.ring() }

    /// Signals that a target was created, for which scalers may be waiting.
    nonisolated func targetAppeared(_ place: TargetPlace) {
        pendingChanges.withLock { _ = $0.targets.insert(place) }
        alarm.ring()
    }

    /// Signals that a reading was pushed, with its subscribers.
    private nonisolated func readingPushed(for scalers: [ObjectIdentity]) {
        pendingChanges.withLock { pendingChanges in
            for scaler in scalers {
                pendingChanges.pushes.insert(ObjectKey(namespace: scaler.namespace, name: scaler.name))
            }
        }
        alarm.ring()
    }

    private func drainChanges() {
        let pendingChanges = pendingChanges.withLock { pendingChanges in
            defer { pendingChanges = PendingChanges() }
            return pendingChanges
        }
        for key in pendingChanges.objects { takeChange(key) }
        for key in pendingChanges.pushes { takePush(key) }
        for place in pendingChanges.targets {
            for key in waiting.removeValue(forKey: place) ?? [] where states[key] != nil {
                schedule.set(key, due: dependencies.time.elapsed())
            }
        }
    }

    private func takeChange(_ key: ObjectKey) {
        guard let object = dependencies.scalers[key], !object.isBeingDeleted else { return forget(key) }
        if let state = states[key], state.identity != object.identity { forget(key) }
        if let state = states[key] {
            guard state.generation != object.generation else { return }
            dropReadings(of: state)
            stopWaiting(key, for: state.target)
            state.update(object, at: dependencies.time.elapsed())
            schedule.set(key, due: dependencies.time.elapsed())
        } else {
            states[key] = ScalerState(object)
            lastFirstPoll = max(dependencies.time.elapsed(), lastFirstPoll + Self.firstPollSpacing)
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
        stopWaiting(key, for: state.target)
    }

    func stopWaiting(_ key: ObjectKey, for target: TargetReference?) {
        guard let target else { return }
        let place = TargetPlace(namespace: key.namespace, target: target)
        waiting[place]?.remove(key)
        // A target that is never created would otherwise never be removed.
        if waiting[place]?.isEmpty == true { waiting[place] = nil }
    }

    func dropReadings(of state: ScalerState) {
        for query in state.resolution?.queries ?? [] { readings.unsubscribe(state.identity, from: query) }
    }

    private func updateClaim(_ key: ObjectKey) {
        guard let state = states[key] else { return }
        if let successor = claims.set(
            state.claimedTarget, for: state.identity, creationTimestamp: state.creationTimestamp,
            heldAt: state.heldTargetAt)
        {
            pollNow(successor)
        }
    }

    func pollNow(_ identity: ObjectIdentity) {
        let key = ObjectKey(namespace: identity.namespace, name: identity.name)
        guard states[key]?.identity == identity else { return }
        schedule.set(key, due: dependencies.time.elapsed())
        alarm.ring()
    }

    // MARK: Looking in

    /// Whether this process leads and knows all that it has to know for that.
    var leads: Bool { isLeading && isCaughtUp }

    /// Nothing is being polled and nothing that happened is yet to be looked at.
    var isQuiet: Bool {
        alarm.isWaiting && term == dependencies.leadership.term && isCaughtUp == (term != nil)
            && pendingChanges.withLock { $0.objects.isEmpty && $0.targets.isEmpty && $0.pushes.isEmpty }
            && !states.values.contains(where: \.isPolling)
    }

    /// When the next poll is due; nil if none is.
    var nextDue: Duration? { schedule.nextDue }

    /// Returns what `/metrics` shows.
    func snapshot() -> ControllerSnapshot {
        let time = dependencies.time.now()
        let scalers = states.values.map {
            ScalerSnapshot(
                identity: $0.identity, bounds: $0.bounds(at: time), decision: $0.lastDecision, isBlocked: $0.isBlocked,
                conditions: $0.conditions, errors: $0.errors)
        }
        let now = dependencies.time.elapsed()
        let queued = states.count { $0.value.isPolling || schedule.due(of: $0.key).map { $0 <= now } ?? false }
        return ControllerSnapshot(scalers: scalers, leads: leads, queueDepth: queued)
    }
}
