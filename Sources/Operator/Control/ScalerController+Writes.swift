import KubernetesClient
import Scaling

// What a poll's verdict has written: the target's replicas, the status, events.
extension ScalerController {
    /// Scales where the decision says so, and reports. False: the target changed under the decision; decide again.
    func carryOut(
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
        let result = await inTurn(otherwise: ScalerWriter.ScaleResult.conflict) {
            guard self.isLeading, self.states[key]?.generation == generation else { return .conflict }
            return await self.world.writer.scale(
                spec.target, namespace: key.namespace, to: decision.desired, at: target, deadline: self.writeDeadline)
        }
        switch result {
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
        await inTurn(otherwise: false) { await self.writeNow(status, key) }
    }

    /// Waits for one of the places that there are for writes: a deadline is not to run down in a queue for a connection,
    /// and the lease's renewal is not to stand behind ten thousand statuses.
    ///
    /// - Parameter otherwise: the result where the poll is cancelled while it waits.
    private func inTurn<Value: Sendable>(otherwise: Value, _ write: () async -> Value) async -> Value {
        (try? await writes.withPermit(write)) ?? otherwise
    }

    private func writeNow(_ status: ScalerStatus, _ key: ObjectKey) async -> Bool {
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
    func report(_ verdict: ScalerVerdict, _ key: ObjectKey) async {
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
}
