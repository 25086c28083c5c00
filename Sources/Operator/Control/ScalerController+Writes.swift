import KubernetesClient
import ScalerAPI
import Scaling
import SystemIO

// The writes of a poll: the target's replicas, the status, events.
extension ScalerController {
    /// Scales if the decision changes replicas, and reports it. Returns false if the target has changed since the
    /// decision, which has to be repeated then.
    func carryOut(
        _ poll: Poll, _ decision: Decision, _ target: TargetSnapshot
    ) async throws -> Bool {
        guard decision.changesReplicas, case .success(let spec) = try state(of: poll).spec, spec.mode == .active else {
            try await report(.decided(decision, obstacle: nil), poll)
            return true
        }
        // Not a child of the poll: a shutdown cancels reads, never a write that has begun. Awaited here.
        return try await Task { try await self.scale(poll, decision, target, spec) }.value
    }

    private func isCurrent(_ poll: Poll) -> Bool { (try? state(of: poll)) != nil }

    private func scale(
        _ poll: Poll, _ decision: Decision, _ target: TargetSnapshot, _ spec: GeneralScalerSpec
    ) async throws -> Bool {
        let announced = try state(of: poll)
        guard await announcePending(decision, announced, poll), isCurrent(poll) else {
            if let state = states[poll.key], state.identity == poll.identity { state.history.pendingScale = nil }
            return true
        }
        let result = await inTurn(otherwise: ScalerWriter.ScaleResult.conflict) {
            guard self.isCurrent(poll) else { return .conflict }
            return await self.dependencies.writer.scale(
                spec.target, namespace: poll.key.namespace, to: decision.desired, at: target,
                deadline: self.writeDeadline)
        }
        guard let state = states[poll.key], state.identity == poll.identity, state.target == spec.target else {
            // The object was replaced or its target changed: the state does not apply to it.
            if case .scaled = result { report(decision, of: poll.identity, spec.target) }
            return true
        }
        switch result {
        case .scaled(let version):
            state.history.recordScale(
                from: decision.current, to: decision.desired, at: decision.time, startsCooldown: decision.startsCooldown
            )
            state.minimumTargetVersion = version
            settleBudgets(decision.desired, state)
            state.reversals.recordScale(to: decision.desired)
            report(decision, of: poll.identity, spec.target)
            try await report(.decided(decision, obstacle: nil), poll)
        case .conflict:
            state.history.pendingScale = nil
            settleRefused(decision.current, state)
            return false
        case .unknown(let blocker):
            // The patch may have been applied: the next observed replicas show it, and pendingScale is kept until then.
            // If they do not, it may still be applied.
            keepUnconfirmed(from: decision.current, to: decision.desired, state)
            try await report(.decided(decision, obstacle: blocker), poll)
        case .refused(let blocker):
            state.history.pendingScale = nil
            settleRefused(decision.current, state)
            try await report(.decided(decision, obstacle: blocker), poll)
        }
        return true
    }

    private func report(_ decision: Decision, of identity: ObjectIdentity, _ target: TargetReference) {
        dependencies.metrics.scaled(up: decision.desired > decision.current)
        dependencies.writer.announce(decision, of: identity, target: target)
    }

    /// Records the scale operation before it is performed, so that a restart detects a crash in between.
    private func announcePending(_ decision: Decision, _ state: ScalerState, _ poll: Poll) async -> Bool {
        state.history.pendingScale = ScalingHistory.PendingScale(decision)
        state.isStatusWritten = false
        let verdict = ScalerVerdict.decided(decision, obstacle: nil)
        let conditions = state.change(to: verdict, plugins: state.pluginsCondition)
            .conditions(now: dependencies.time.now(), generation: state.generation)
        return await write(state.status(conditions, decision), poll)
    }

    /// Writes the status with the known resource version, and retries once if only metadata such as a label has changed
    /// since.
    private func write(_ status: ScalerStatus, _ poll: Poll) async -> Bool {
        guard let version = try? state(of: poll).version else { return false }
        return await inTurn(otherwise: false) { await self.write(status, madeFor: version, poll) }
    }

    /// Waits for the semaphore of writes, so that no deadline passes in the queue for a connection, and the lease's
    /// renewal does not wait for ten thousand statuses.
    ///
    /// - Parameter otherwise: the result if the poll is cancelled while it waits.
    private func inTurn<Value: Sendable>(otherwise: Value, _ write: () async -> Value) async -> Value {
        (try? await writes.withPermit(write)) ?? otherwise
    }

    /// - Parameter version: the resource version of the object that the status belongs to.
    private func write(_ status: ScalerStatus, madeFor version: String, _ poll: Poll) async -> Bool {
        guard isCurrent(poll) else { return false }
        var result = await dependencies.writer.write(
            status, to: poll.identity, at: version, deadline: writeDeadline)
        if case .conflict = result, isLeading,
            let object = await dependencies.writer.read(poll.identity, deadline: writeDeadline),
            isLeading, object.generation == poll.generation
        {
            result = await dependencies.writer.write(
                status, to: poll.identity, at: object.resourceVersion, deadline: writeDeadline)
        }
        guard case .written(let version) = result else { return false }
        if states[poll.key]?.identity == poll.identity { states[poll.key]?.notice(version: version) }
        return true
    }

    /// The deadline of a write, which ends before another replica may become leader.
    private var writeDeadline: Duration { min(KubernetesLimits.callDeadline, dependencies.leadership.writeTime) }

    /// Updates the object's status and events with the outcome of the poll.
    func report(_ verdict: ScalerVerdict, _ poll: Poll) async throws {
        let types = try state(of: poll).metricTypes
        let plugins = Condition.plugins(unhealthy: await dependencies.source.unhealthyPlugins(ofTypes: types))
        let state = try state(of: poll)
        let change = state.change(to: verdict, plugins: plugins)
        if change.isChange || !state.isStatusWritten || dependencies.memory != nil {
            state.conditions = change.conditions(now: dependencies.time.now(), generation: state.generation)
        }
        var blocker: Blocker?
        switch verdict {
        case .decided(let decision, let obstacle):
            state.lastDecision = decision
            state.isBlocked = false
            if let obstacle { state.errors[obstacle.reason, default: 0] += 1 }
            dependencies.metrics.decided()
        case .blocked(let why):
            blocker = why
            state.isBlocked = true
            state.errors[why.reason, default: 0] += 1
        }
        dependencies.writer.announce(change, of: state.identity, target: state.target)
        remember(verdict, change, state, blocker)
        guard !state.isStatusWritten || change.isChange else { return }
        let status = state.status(state.conditions, state.lastDecision, blocker: blocker)
        let isWritten = await write(status, poll)
        try self.state(of: poll).isStatusWritten = isWritten
    }

    private func remember(_ verdict: ScalerVerdict, _ change: StatusChange, _ state: ScalerState, _ blocker: Blocker?) {
        dependencies.memory?.take(
            verdict, isChange: change.isChange, of: state.identity, spec: try? state.spec.get(),
            generation: state.generation,
            status: state.status(state.conditions, state.lastDecision, blocker: blocker),
            budgets: ledger.budgets(of: state.identity.key), at: dependencies.time.now())
    }
}
