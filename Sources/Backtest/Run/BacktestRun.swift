package import Scaling

/// The state of a backtest between two polls.
package struct BacktestRun: Sendable {
    package let backtest: Backtest
    /// The time of the next poll.
    package private(set) var now: Timestamp
    package private(set) var summary: BacktestSummary
    private var replicas: ReplicaSet
    private var history = ScalingHistory()
    private var forecasters = LoadForecasters()
    /// The newest sample up to the time of the next poll; nil before the trace begins.
    private var index: Int?

    /// - Parameter start: the time of the first poll; nil for the start of the trace. Before the trace begins, the scaler
    ///   has no data.
    package init(_ backtest: Backtest, from start: Timestamp? = nil) {
        self.backtest = backtest
        now = start ?? backtest.trace.start
        summary = BacktestSummary(backtest: backtest)
        replicas = ReplicaSet(ready: backtest.initialReplicas, startupDelay: backtest.workload.startupDelay)
    }

    /// The replicas that the target is set to.
    package var current: Int { replicas.current }

    /// Makes one poll, applies its decision, and moves on to the time of the next poll.
    ///
    /// - Parameters:
    ///   - isCounted: whether the poll counts in the summary.
    ///   - decide: the decision engine, alone or within shared budgets.
    package mutating func step(
        isCounted: Bool = true, deciding decide: (DecisionInput) -> DecisionOutcome
    ) -> BacktestStep {
        let (spec, trace) = (backtest.spec, backtest.trace)
        if now >= trace.start { index = trace.index(at: now, from: index ?? 0) }
        replicas.advance(to: now)
        let recorded = index.flatMap { trace.samples[$0].replicas } ?? backtest.workload.recordedReplicas
        if spec.isDryRun, let recorded { replicas = ReplicaSet(ready: recorded, startupDelay: .zero) }
        let readings = backtest.polled(index, ready: replicas.ready, at: now)
        var input = DecisionInput(
            spec: spec, now: now, current: replicas.current, ready: replicas.ready,
            observations: readings.observations, inputs: readings.inputs, history: history)
        input.results = readings.results
        // They have learned from nothing but the readings before.
        forecasters.forecast(&input, horizon: backtest.workload.startupDelay)
        let outcome = decide(input)
        history = outcome.history
        let decision = outcome.decision
        if decision.changesReplicas, !spec.isDryRun {
            history.recordScale(
                from: decision.current, to: decision.desired, at: now, startsCooldown: decision.startsCooldown)
            replicas.scale(to: decision.desired, at: now)
        }
        let step = BacktestStep(decision: decision, metrics: readings.metrics)
        if isCounted { summary.add(step, replicasAfter: replicas.current) }
        now = now + spec.pollingInterval
        return step
    }
}
