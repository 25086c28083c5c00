import Scaling
import Testing

@Suite("The history of a scaler")
struct HistoryTests {
    private let spec = ScalingSpec(
        maxReplicas: 20, metrics: [.rate], safety: SafetyLimits(cooldown: .seconds(300), scaleDownStabilization: .zero)
    )

    private func decide(
        _ current: Int, _ value: Double = 100, _ history: ScalingHistory, at now: Timestamp = at(0)
    ) -> DecisionOutcome {
        DecisionEngine.decide(
            DecisionInput(
                spec: spec, now: now, current: current, ready: current,
                observations: [.value(value, observedAt: now)], history: history
            )
        )
    }

    // MARK: A scale operation in flight when the operator was killed

    private func dying(from: Int, to: Int, secondsAgo: Int = 100) -> ScalingHistory {
        ScalingHistory(
            pendingScale: .init(from: from, to: to, at: at(-secondsAgo)), lastSeenReplicas: from, hasSeenReplicas: true
        )
    }

    @Test("a pending scale operation with replicas at `to` took place at its time, and its cooldown applies")
    func pendingHappened() {
        let outcome = decide(8, 200, dying(from: 4, to: 8))
        #expect(outcome.decision.limitedBy == [.cooldown])
        #expect(outcome.history.lastScaleUpTime == at(-100))
        #expect(outcome.history.lastOutsideChangeTime == nil)
        #expect(outcome.history.pendingScale == nil)
        #expect(decide(8, 200, dying(from: 4, to: 8, secondsAgo: 300)).decision.desired == 16)
    }

    @Test("a pending scale operation with replicas at `from` did not take place and is decided again")
    func pendingDidNotHappen() {
        let outcome = decide(4, 200, dying(from: 4, to: 8))
        #expect(outcome.decision.desired == 8)
        #expect(outcome.history.lastScaleUpTime == nil)
        #expect(outcome.history.lastOutsideChangeTime == nil)
        #expect(outcome.history.pendingScale == nil)
    }

    @Test("a pending scale operation with replicas at another number was overwritten by another client")
    func pendingOverwritten() {
        let outcome = decide(6, 50, dying(from: 4, to: 8))
        #expect(outcome.history.lastOutsideChangeTime == at(0))
        #expect(outcome.history.lastScaleUpTime == nil)
        #expect(outcome.decision.limitedBy == [.cooldown])
    }

    @Test("a pending jump into the bounds starts no cooldown, and any other change does")
    func pendingJump() {
        var history = dying(from: spec.maxReplicas + 6, to: spec.maxReplicas)
        let outcome = decide(spec.maxReplicas, 50, history)
        #expect(outcome.history.lastScaleDownTime == at(-100))
        #expect(outcome.decision.limitedBy == [.cooldown])
        history.pendingScale?.startsCooldown = false
        let jump = decide(spec.maxReplicas, 50, history)
        #expect(jump.history.lastScaleDownTime == nil)
        #expect(jump.history.lastOutsideChangeTime == nil)
        #expect(jump.decision.desired == spec.maxReplicas / 2)
    }

    @Test("a pending scale-down starts the scale-down cooldown, and one to 0 counts as the scaler's own zero")
    func pendingDown() {
        #expect(decide(4, 100, dying(from: 8, to: 4)).history.lastScaleDownTime == at(-100))
        let zero = decide(0, 100, dying(from: 8, to: 0)).history
        #expect(zero.scaledToZero)
        #expect(zero.hasSeenReplicas)
    }

    // MARK: Changes from outside

    @Test("replicas that another client has changed since the last reading are not reverted immediately")
    func outsideChange() {
        var history = decide(4, 100, ScalingHistory()).history
        #expect(history.lastOutsideChangeTime == nil)
        let changed = decide(12, 30, history, at: at(15))
        #expect(changed.history.lastOutsideChangeTime == at(15))
        #expect(changed.decision.limitedBy == [.cooldown])
        history = changed.history
        #expect(decide(12, 30, history, at: at(314)).decision.limitedBy == [.cooldown])
        #expect(decide(12, 30, history, at: at(315)).decision.desired == 6)
    }

    @Test("replicas that the scaler set itself do not count as changed by another client")
    func ownChange() {
        var history = decide(4, 200, ScalingHistory()).history
        history.recordScale(from: 4, to: 8, at: at(0), startsCooldown: true)
        let next = decide(8, 100, history, at: at(15)).history
        #expect(next.lastOutsideChangeTime == nil)
        #expect(next.lastScaleUpTime == at(0))
    }

    @Test("a target that is replaced by one at 0 replicas does not count as switched off")
    func replacedAtZero() {
        var spec = spec
        spec.minReplicas = 0
        func decide(_ current: Int, _ history: ScalingHistory, at now: Timestamp) -> DecisionOutcome {
            DecisionEngine.decide(
                DecisionInput(
                    spec: spec, now: now, current: current, ready: current,
                    observations: [.value(203.7, observedAt: now)], history: history))
        }
        var history = decide(4, ScalingHistory(), at: at(0)).history
        history.recordScale(from: 4, to: 9, at: at(0), startsCooldown: true)
        history = decide(9, history, at: at(15)).history
        #expect(decide(0, history, at: at(30)).decision.limitedBy == [.switchedOff])
        history.replaceTarget(at: at(30))
        let outcome = decide(0, history, at: at(30))
        #expect(outcome.decision.limitedBy == [.activation])
        #expect(outcome.decision.desired == 1)
        #expect(!outcome.history.hasSeenReplicas)
        // Afterwards it is a target like any other.
        history = decide(3, outcome.history, at: at(45)).history
        #expect(decide(0, history, at: at(60)).decision.limitedBy == [.switchedOff])
    }

    @Test("replicas of a replaced target count as changed by another client and are not removed immediately")
    func replacedAboveZero() {
        var history = decide(4, 100, ScalingHistory()).history
        history.pendingScale = .init(from: 4, to: 12, at: at(1))
        history.replaceTarget(at: at(15))
        let outcome = decide(12, 30, history, at: at(15))
        #expect(outcome.decision.limitedBy == [.cooldown])
        #expect(outcome.history.lastScaleUpTime == nil)
        #expect(decide(12, 30, outcome.history, at: at(315)).decision.desired == 6)
    }

    @Test("an edit to a target at 0 replicas starts without history, regardless of earlier scaling events")
    func otherTargetAtZero() {
        var history = decide(4, 100, ScalingHistory()).history
        history.recordScale(from: 4, to: 8, at: at(0), startsCooldown: true)
        history.forgetTarget()
        #expect(decide(0, 100, history, at: at(400)).decision.limitedBy == [.boundsJump])
    }

    @Test("a jump to the bounds starts no cooldown")
    func jump() {
        var history = ScalingHistory()
        let outcome = decide(30, 50, history)
        #expect(outcome.decision.limitedBy == [.boundsJump])
        #expect(!outcome.decision.startsCooldown)
        history = outcome.history
        history.recordScale(from: 30, to: 20, at: at(0), startsCooldown: outcome.decision.startsCooldown)
        #expect(decide(20, 50, history, at: at(15)).decision.desired == 10)
    }

    // MARK: Clocks

    @Test("a stored time in the future counts as now")
    func future() {
        let history = decide(
            4, 100,
            ScalingHistory(
                lastScaleUpTime: at(50), lastScaleDownTime: at(60), lastOutsideChangeTime: at(70),
                lastActiveTime: at(80), hasSeenReplicas: true
            )
        ).history
        #expect(history.lastScaleUpTime == at(0))
        #expect(history.lastScaleDownTime == at(0))
        #expect(history.lastOutsideChangeTime == at(0))
        #expect(history.lastActiveTime == at(0))
        #expect(decide(8, 100, dying(from: 4, to: 8, secondsAgo: -50)).history.lastScaleUpTime == at(0))
    }

    @Test("a clock that goes back causes no scaling, and holds replicas no longer than the rules do")
    func clockBack() {
        var simulation = Simulation(
            ScalingSpec(maxReplicas: 20, metrics: [.rate], safety: SafetyLimits(scaleUpStabilization: .seconds(60))),
            current: 4
        )
        simulation.time = 1_000_000
        for _ in 0..<80 { simulation.poll(100) }
        simulation.time = 0
        for _ in 0..<20 { #expect(simulation.poll(50).desired == 4) }
        #expect(simulation.poll(50).desired == 2)
    }

    @Test("times at both ends of the clock's range do not trap", arguments: [Int64.min, -1, 0, 1, .max])
    func extremeClock(now: Int64) {
        for other in [Int64.min, 0, .max] {
            let past = Timestamp(microsecondsSince1970: other)
            let input = DecisionInput(
                spec: spec, now: Timestamp(microsecondsSince1970: now), current: 4, ready: 4,
                observations: [.value(200, observedAt: past)],
                history: ScalingHistory(
                    lastScaleUpTime: past, lastScaleDownTime: past, lastOutsideChangeTime: past, lastActiveTime: past,
                    pendingScale: .init(from: 4, to: 8, at: past)
                )
            )
            #expect([4, 8].contains(DecisionEngine.decide(input).decision.desired))
        }
    }

    // MARK: Windows

    @Test("stabilization windows start with the current replicas at the first poll and after a restart")
    func seeds() {
        let safety = SafetyLimits.free.with {
            $0.scaleUpStabilization = .seconds(120)
            $0.scaleDownStabilization = .seconds(300)
        }
        for value in [Reading.fresh(200), .fresh(50)] {
            var simulation = Simulation(ScalingSpec(maxReplicas: 20, metrics: [.rate], safety: safety), current: 4)
            let held =
                value.observed(at: at(0)).value == 200 ? (120, Cause.scaleUpStabilized) : (300, .scaleDownStabilized)
            while simulation.time < held.0 { #expect(simulation.poll(value).limitedBy == [held.1]) }
            simulation.history = simulation.history.restarted
            let restart = simulation.time
            while simulation.time < restart + held.0 { #expect(simulation.poll(value).limitedBy == [held.1]) }
            #expect(simulation.poll(value).changesReplicas)
        }
    }

    @Test("a poll that holds records the current replicas in the stabilization window", arguments: [true, false])
    func heldPolls(paused: Bool) {
        var simulation = Simulation(
            ScalingSpec(
                maxReplicas: 20, metrics: [.rate],
                safety: .free.with { $0.scaleDownStabilization = .seconds(300) }
            ),
            current: 8
        )
        while simulation.time < 300 { simulation.poll(50) }
        simulation.spec.isPaused = paused
        simulation.poll(paused ? 50 : nil)
        simulation.spec.isPaused = false
        while simulation.time < 600 { #expect(simulation.poll(50).limitedBy == [.scaleDownStabilized]) }
        #expect(simulation.poll(50).desired == 4)
    }

    @Test("a jump to the bounds is not recorded in the stabilization windows")
    func jumpRecordsTheRecommendation() {
        var simulation = Simulation(
            ScalingSpec(
                maxReplicas: 20, metrics: [.queue],
                safety: .free.with { $0.scaleDownStabilization = .seconds(300) }
            ),
            current: 3
        )
        while simulation.time < 300 { simulation.poll(30) }
        simulation.spec.minReplicas = 10
        #expect(simulation.poll(30).limitedBy == [.boundsJump])
        simulation.spec.minReplicas = 1
        #expect(simulation.poll(30).desired == 3)
    }

    @Test("past recommendations may be restored in any order")
    func restored() {
        let safety = SafetyLimits.free.with { $0.scaleDownStabilization = .seconds(300) }
        var history = ScalingHistory.running
        history.restoreRecommendations(
            [(-50, 3), (-299, 6), (-301, 9)].map { PastRecommendation(at: at($0.0), replicas: $0.1) }, safety: safety)
        let row = Row("", 8, [10], safety: safety, history: history, gives: 6, .scaleDownStabilized)
        #expect(row.decide().desired == 6)
        #expect(row.decide().limitedBy == [.scaleDownStabilized])
    }
}
