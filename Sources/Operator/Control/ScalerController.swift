import KubernetesClient
import Logging
import ScalerAPI
import Scaling
import ServiceLifecycle
import SystemIO

/// Polls every scaler when it is due: reads its metrics, decides, and applies the decision. Polls only while this
/// process is the leader; a standby keeps no state of scalers, because the leader stores all state that must survive.
///
/// This actor owns the schedule and each scaler's state; the decision engine decides, and ``ScalerWriter`` writes. A
/// poll is one task; there is at most one per scaler at a time.
actor ScalerController: Service {
    /// The dependencies of a poll.
    struct Dependencies: Sendable {
        /// The changes that the caches report.
        let changes: ScalerChanges
        let scalers: Informer<GeneralScaler>
        let targets: TargetDirectory
        let autoscalers: AutoscalerDirectory
        /// Nil if single namespaces are watched.
        let budgets: BudgetDirectory?
        /// The operator-wide pause; nil if no ConfigMap is configured.
        let pause: OperatorPause?
        let source: any MetricSource
        let secrets: any SecretSource
        let writer: ScalerWriter
        let leadership: Leadership
        let time: TimeSource
        let metrics: OperatorCounters
        /// Nil unless the API is served.
        let memory: ScalerMemory?
        let logger: Logger
    }

    /// The time between the first polls of new scalers, which spreads the load of a start with thousands of them.
    static let firstPollSpacing: Duration = .milliseconds(1)

    /// The maximum number of concurrent writes to the API server.
    static let maxWrites = 64

    let dependencies: Dependencies
    let readings: SharedReadings
    let resolver: SpecResolver
    let writes = AsyncSemaphore(ScalerController.maxWrites)
    private nonisolated let changes: ScalerChanges
    nonisolated var wakeUp: AsyncSignal { changes.wakeUp }
    var states: [ObjectKey: ScalerState] = [:]
    /// Scalers whose target did not exist at their last poll.
    var waiting: [TargetPlace: Set<ObjectKey>] = [:]
    var claims = ClaimTable()
    var schedule = DueSchedule<ObjectKey>()
    var ledger = BudgetLedger()
    var budgetReports: [String: BudgetReport] = [:]
    var nextBudgetReports: Duration = .zero
    /// Whether the ledger has all budgets. Until then, nothing is scaled up.
    var knowsBudgets = false
    private var lastFirstPoll: Duration = .zero
    var isStopping = false
    /// The reads of history that are running.
    var rebuilds = 0
    /// The earliest time of the next one.
    var nextRebuild: Duration = .zero
    /// The term to which all state in this actor belongs.
    private var term: Leadership.Term?
    /// Whether all objects that existed when the term began are known.
    private var isCaughtUp = false

    init(_ dependencies: Dependencies) {
        self.dependencies = dependencies
        let changes = dependencies.changes
        self.changes = changes
        readings = SharedReadings(source: dependencies.source, time: dependencies.time, metrics: dependencies.metrics)
        resolver = SpecResolver(source: dependencies.source, secrets: dependencies.secrets)
        readings.whenPushed(changes.readingPushed)
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
            // Runs with the actor's next turn; the loop itself waits for it.
            Task { await self.stop() }
        }
    }

    private func lead(_ term: Leadership.Term) async {
        self.term = term
        guard await resync() else { return forgetAll() }
        await loadBudgets()
        isCaughtUp = true
        dependencies.memory?.begin(at: dependencies.time.now())
        await withDiscardingTaskGroup { polls in
            while isLeading, !isStopping, !Task.isCancelled {
                drainChanges()
                while let due = schedule.nextDue, let key = schedule.popDue(by: dependencies.time.elapsed()) {
                    startPoll(of: key, due: due, in: &polls)
                }
                reportBudgets(in: &polls)
                await wakeUp.wait(until: schedule.nextDue, time: dependencies.time)
            }
            // Reads may be cancelled; `carryOut` finishes a write that has begun.
            polls.cancelAll()
        }
        forgetAll()
    }

    /// Whether the term has not ended: checked before every action that only a leader may take.
    var isLeading: Bool { term != nil && term == dependencies.leadership.term }

    /// Lists all objects again: a watch may not have delivered the last writes of the previous leader.
    ///
    /// - Returns: whether that finished during the term.
    private func resync() async -> Bool {
        guard dependencies.leadership.isShared else { return true }
        await withTaskGroup { group in
            group.addTask { [dependencies] in
                async let scalers: Void = dependencies.scalers.relist()
                async let targets: Void = dependencies.targets.relist()
                async let budgets: Void? = dependencies.budgets?.relist()
                _ = await (scalers, targets, budgets)
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
        while isLeading, !isStopping, !Task.isCancelled { await wakeUp.wait(until: nil, time: dependencies.time) }
    }

    /// Waits to become leader, and fills the targets' caches in the meantime.
    private func standBy() async {
        var places: [String: TargetPlace] = [:]
        for key in changes.drain().objects {
            guard let target = try? dependencies.scalers[key]?.spec.get().target else { continue }
            places["\(target.apiVersion) \(target.kind)"] = TargetPlace(namespace: key.namespace, target: target)
        }
        if !places.isEmpty { await prepare(Array(places.values)) }
        // Earlier signals have been handled already.
        guard dependencies.leadership.term == nil, !isStopping, !changes.hasObjects else { return }
        await wakeUp.wait(until: nil, time: dependencies.time)
    }

    /// Fills caches while another process is the leader.
    private func prepare(_ places: [TargetPlace]) async {
        await withTaskGroup { group in
            group.addTask { [dependencies] in
                for place in places { await dependencies.targets.prepare(place.target, namespace: place.namespace) }
                await dependencies.autoscalers.prepare()
            }
            group.addTask { await self.untilItBegins() }
            await group.next()
            group.cancelAll()
        }
    }

    private func untilItBegins() async {
        while dependencies.leadership.term == nil, !isStopping, !Task.isCancelled {
            await wakeUp.wait(until: nil, time: dependencies.time)
        }
    }

    private func forgetAll() {
        dependencies.memory?.end()
        for state in states.values { dropReadings(of: state) }
        states = [:]
        waiting = [:]
        claims = ClaimTable()
        schedule = DueSchedule()
        ledger = BudgetLedger()
        budgetReports = [:]
        lastFirstPoll = .zero
        knowsBudgets = false
        isCaughtUp = false
        term = nil
    }

    private func stop() {
        isStopping = true
        wakeUp.signal()
    }

    private func drainChanges() {
        // Asked before: the changes of a list are reported before the list counts as known.
        let areBudgetsKnown = dependencies.budgets?.isKnown ?? true
        let pending = changes.drain()
        for name in pending.budgets { takeBudget(name) }
        for name in pending.namespaces { takeNamespace(name) }
        for key in pending.objects { takeChange(key) }
        for key in pending.pushes { takePush(key) }
        for place in pending.targets {
            for key in waiting.removeValue(forKey: place) ?? [] where states[key] != nil {
                schedule.set(key, due: dependencies.time.elapsed())
            }
        }
        if areBudgetsKnown, !knowsBudgets { beginBudgets() }
    }

    private func takeChange(_ key: ObjectKey) {
        guard let object = dependencies.scalers[key], !object.isBeingDeleted else { return forget(key) }
        if let state = states[key], state.identity != object.identity { forget(key) }
        if let state = states[key] {
            guard state.generation != object.generation else { return takeLabels(of: object, state) }
            dropReadings(of: state)
            stopWaiting(key, for: state.target)
            state.update(object, at: dependencies.time.elapsed())
            schedule.set(key, due: dependencies.time.elapsed())
        } else {
            let state = ScalerState(object)
            inheritUnconfirmed(from: object.status, state)
            states[key] = state
            lastFirstPoll = max(dependencies.time.elapsed(), lastFirstPoll + Self.firstPollSpacing)
            schedule.set(key, due: lastFirstPoll)
        }
        updateClaim(key)
        updateMembership(of: key)
    }

    private func takeLabels(of object: GeneralScaler, _ state: ScalerState) {
        guard state.take(labelsOf: object) else { return }
        updateMembership(of: state.identity.key)
    }

    private func forget(_ key: ObjectKey) {
        schedule.remove(key)
        guard let state = states.removeValue(forKey: key) else { return }
        ledger.remove(key)
        dependencies.memory?.forget(key)
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
        // Otherwise an entry for a target that is never created would never be removed.
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
        wakeUp.signal()
    }

    // MARK: Looking in

    /// Whether this process is the leader and has read the state of all scalers.
    var leads: Bool { isLeading && isCaughtUp }

    /// Whether no poll is running and no change is pending.
    var isQuiet: Bool {
        wakeUp.isWaiting && term == dependencies.leadership.term && isCaughtUp == (term != nil)
            && changes.isEmpty
            && rebuilds == 0 && !budgetReports.values.contains(where: \.isWriting)
            && !states.values.contains(where: \.isPolling)
    }

    /// The time of the next poll; nil if there is none.
    var nextDue: Duration? { schedule.nextDue }

    /// Returns the snapshot for `/metrics`.
    func snapshot() -> ControllerSnapshot {
        let time = dependencies.time.now()
        let scalers = states.values.map {
            ScalerSnapshot(
                identity: $0.identity, bounds: $0.bounds(at: time), decision: $0.lastDecision, isBlocked: $0.isBlocked,
                conditions: $0.conditions, errors: $0.errors, forecastInactiveSince: $0.forecasts.inactiveSince)
        }
        let now = dependencies.time.elapsed()
        let queued = states.count { $0.value.isPolling || schedule.due(of: $0.key).map { $0 <= now } ?? false }
        return ControllerSnapshot(scalers: scalers, budgets: budgetSnapshots(), leads: leads, queueDepth: queued)
    }
}
