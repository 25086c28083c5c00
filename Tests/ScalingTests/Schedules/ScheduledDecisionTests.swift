import Testing

@testable import Scaling

@Suite("Decisions with schedules")
struct ScheduledDecisionTests {
    /// 8 to 18 on weekdays in New York; 2026-03-02 is a Monday, 13:00 UTC its 8:00.
    private static func spec(
        _ schedules: [Schedule], min: Int = 1, max: Int = 20, metrics: [MetricSpec] = [.rate],
        safety: SafetyLimits = SafetyLimits()
    ) -> ScalingSpec {
        ScalingSpec(minReplicas: min, maxReplicas: max, metrics: metrics, safety: safety, schedules: schedules)
    }

    private static func business(min: Int? = 10, max: Int? = nil, targets: [String: Double] = [:]) throws -> Schedule {
        try .test("0 8 * * 1-5", "0 18 * * 1-5", name: "business-hours", min: min, max: max, targets: targets)
    }

    private static func decide(
        _ spec: ScalingSpec, _ now: Timestamp, current: Int, value: Double? = 50, history: ScalingHistory = .running
    ) -> DecisionOutcome {
        DecisionEngine.decide(
            DecisionInput(
                spec: spec, now: now, current: current, ready: current,
                observations: spec.metrics.map { _ in value.map { .value($0, observedAt: now) } ?? .noData("none") },
                history: history))
    }

    @Test("a window that begins raises the replicas immediately, and the sentence names its end and the schedule")
    func start() throws {
        let spec = Self.spec([try Self.business()])
        let before = Self.decide(spec, utc("2026-03-02 13:00") + .microseconds(-1), current: 4).decision
        #expect(before.desired == 4 && before.scheduled == [] && !before.limitedBy.contains(.schedule))
        let history = ScalingHistory(lastScaleUpTime: utc("2026-03-02 12:59"), hasSeenReplicas: true)
        let decision = Self.decide(spec, utc("2026-03-02 13:00"), current: 4, history: history).decision
        #expect(decision.desired == 10)
        #expect(decision.limitedBy == [.boundsJump, .schedule])
        #expect(
            decision.reason == "Scale from 4 to 10: rate is 50 against a target of 100, ratio 0.5, which asks for 2; "
                + "4 is below minReplicas; minReplicas is 10 until 18:00 Test/Zone, by schedule business-hours.")
        #expect(decision.scheduled.map(\.until) == [utc("2026-03-02 23:00")])
        #expect(!decision.startsCooldown)
    }

    @Test("replicas stay at the schedule's minReplicas for any metric value, and without one")
    func hold() throws {
        let spec = Self.spec([try Self.business()], safety: .free)
        let quiet = Self.decide(spec, utc("2026-03-02 15:00"), current: 12, value: 10).decision
        #expect(quiet.desired == 10)
        #expect(quiet.limitedBy == [.minReplicas, .schedule])
        #expect(
            quiet.reason == "Scale from 12 to 10: rate is 10 against a target of 100, ratio 0.1, which asks for 2; "
                + "minReplicas is 10 until 18:00 Test/Zone, by schedule business-hours.")
        let busy = Self.decide(spec, utc("2026-03-02 15:00"), current: 10, value: 150).decision
        #expect(busy.desired == 15 && busy.limitedBy == [])
        #expect(busy.scheduled.map(\.field) == [.minReplicas])
        #expect(Self.decide(spec, utc("2026-03-02 15:00"), current: 3, value: nil).decision.desired == 10)
    }

    @Test("replicas of a window that ends are removed by the safety rules")
    func end() throws {
        let end = utc("2026-03-02 23:00")
        let spec = Self.spec([try Self.business()])
        // Recommendations of the last minutes: the stabilization window remembers the highest.
        var history = ScalingHistory.running
        for minute in stride(from: -10, to: 0, by: 1) {
            let outcome = Self.decide(spec, end + .seconds(60 * minute), current: 10, value: 10, history: history)
            #expect(outcome.decision.desired == 10)
            history = outcome.history
        }
        let decision = Self.decide(spec, end, current: 10, value: 10, history: history).decision
        #expect(decision.desired == 5)
        #expect(decision.limitedBy == [.scaleDownRate])
        history.lastScaleUpTime = end + .seconds(-60)
        let early = Self.decide(spec, end, current: 10, value: 10, history: history).decision
        #expect(early.desired == 10 && early.limitedBy == [.cooldown])
    }

    @Test("a schedule's maxReplicas lowers the replicas immediately, as any maxReplicas does")
    func lower() throws {
        let night = try Schedule.test("0 22 * * *", "0 6 * * *", name: "night", max: 3)
        let decision = Self.decide(Self.spec([night]), utc("2026-03-03 03:00"), current: 9, value: 150).decision
        #expect(decision.desired == 3)
        #expect(decision.limitedBy == [.boundsJump, .schedule])
        #expect(
            decision.reason.contains("9 is above maxReplicas; maxReplicas is 3 until 2026-03-03 06:00 Test/Zone, by"))
        let full = Self.decide(Self.spec([night]), utc("2026-03-03 03:00"), current: 3, value: 150).decision
        #expect(full.limitedBy == [.maxReplicas, .schedule])
    }

    @Test("each field comes from the first active schedule that sets it, until an earlier one begins")
    func overlap() throws {
        let sale = try Schedule.test("0 12 * * *", duration: .seconds(7_200), name: "sale", min: 15)
        let night = try Schedule.test("0 0 * * *", "0 20 * * *", name: "day", min: 5, max: 18, targets: ["rate": 50])
        let schedules = [sale, night]
        let morning = schedules.values(at: utc("2026-03-02 15:00"))
        #expect(morning.map(\.schedule) == ["day", "day", "day"])
        #expect(morning[.minReplicas]?.until == utc("2026-03-02 17:00"))
        #expect(morning[.maxReplicas]?.until == utc("2026-03-03 01:00"))
        let noon = schedules.values(at: utc("2026-03-02 17:00"))
        #expect(noon[.minReplicas]?.value == 15 && noon[.minReplicas]?.schedule == "sale")
        #expect(noon[.maxReplicas]?.schedule == "day" && noon[.target("rate")]?.value == 50)
        #expect([night, sale].values(at: utc("2026-03-02 17:00"))[.minReplicas]?.value == 5)
        #expect(schedules.nextEdge(after: utc("2026-03-02 15:00")) == utc("2026-03-02 17:00"))
    }

    @Test("a schedule's target replaces the target of its metric, and is named if that metric decides")
    func targets() throws {
        let spec = Self.spec(
            [try Self.business(min: nil, targets: ["rate": 25])], metrics: [.rate, .latency], safety: .free)
        let now = utc("2026-03-02 15:00")
        let outcome = DecisionEngine.decide(
            DecisionInput(
                spec: spec, now: now, current: 4, ready: 4,
                observations: [.value(50, observedAt: now), .value(0.1, observedAt: now)], history: .running))
        #expect(outcome.decision.desired == 8)
        #expect(outcome.decision.limitedBy == [.schedule])
        #expect(outcome.decision.metrics.map(\.target) == [25, 0.2])
        #expect(
            outcome.decision.reason.contains(
                "rate is 50 against a target of 25, ratio 2, which asks for 8; the target of rate is 25 until 18:00 "
                    + "Test/Zone, by schedule business-hours"))
        let slow = DecisionEngine.decide(
            DecisionInput(
                spec: spec, now: now, current: 4, ready: 4,
                observations: [.value(10, observedAt: now), .value(0.8, observedAt: now)], history: .running))
        #expect(slow.decision.limitedBy == [])
    }

    @Test("a target scales to 0 only outside of a window with minReplicas, and leaves 0 when the window begins")
    func zero() throws {
        let spec = Self.spec([try Self.business(min: 2)], min: 0)
        let idle = ScalingHistory(lastActiveTime: utc("2026-03-01 00:00"), hasSeenReplicas: true)
        #expect(Self.decide(spec, utc("2026-03-02 15:00"), current: 2, value: 0, history: idle).decision.desired == 2)
        let after = Self.decide(spec, utc("2026-03-02 23:00"), current: 2, value: 0, history: idle)
        #expect(after.decision.desired == 0 && after.decision.limitedBy == [.toZero])
        let atZero = ScalingHistory(scaledToZero: true, hasSeenReplicas: true)
        let start = Self.decide(spec, utc("2026-03-03 13:00"), current: 0, value: 0, history: atZero).decision
        #expect(start.desired == 2 && start.limitedBy == [.boundsJump, .schedule])
        // Another client has switched it off.
        let off = Self.decide(spec, utc("2026-03-03 13:00"), current: 0, value: 0, history: .running).decision
        #expect(off.desired == 0 && off.limitedBy == [.switchedOff])
        // A window alone may allow 0.
        let night = Self.spec([try Self.business(min: 0)])
        #expect(Self.decide(night, utc("2026-03-02 15:00"), current: 2, value: 0, history: idle).decision.desired == 0)
        #expect(
            Self.decide(night, utc("2026-03-02 23:00"), current: 0, value: 0, history: atZero).decision.desired == 1)
    }

    @Test("a schedule changes nothing on a paused scaler and patches nothing in a dry run")
    func paused() throws {
        var spec = Self.spec([try Self.business()])
        spec.isPaused = true
        #expect(Self.decide(spec, utc("2026-03-02 15:00"), current: 4).decision.limitedBy == [.paused])
        spec.isPaused = false
        spec.isDryRun = true
        let dry = Self.decide(spec, utc("2026-03-02 15:00"), current: 4).decision
        #expect(dry.reason.hasPrefix("Would scale from 4 to 10"))
        #expect(dry.limitedBy == [.boundsJump, .dryRun, .schedule])
    }

    @Test("a schedule's minReplicas has priority over the budget, as any minReplicas has")
    func budget() throws {
        var spec = Self.spec([try Self.business()])
        spec.policy = CostPolicy(costPerPodPerHour: 1, maxCostPerHour: 4)
        let decision = Self.decide(spec, utc("2026-03-02 15:00"), current: 4).decision
        #expect(decision.desired == 10 && decision.budget?.cap == 4)
    }

    @Test("schedules that contradict each other never remove replicas")
    func contradiction() throws {
        let spec = Self.spec([try Self.business(), try .test("0 0 * * *", "0 23 * * *", name: "cap", max: 3)])
        #expect(spec.effective(at: utc("2026-03-02 15:00")).spec.bounds == 10...10)
        #expect(spec.effective(at: utc("2026-03-02 12:00")).spec.bounds == 1...3)
    }

    @Test("a scaling event before a crash starts its cooldown even if the bounds have changed since")
    func pending() throws {
        let spec = Self.spec([try Self.business()], safety: SafetyLimits(scaleDownStabilization: .zero))
        let jump = Self.decide(spec, utc("2026-03-02 22:59"), current: 4, value: 10).decision
        #expect(jump.limitedBy.contains(.boundsJump))
        let closed = ScalingHistory(pendingScale: .init(jump), hasSeenReplicas: true)
        let outcome = Self.decide(spec, utc("2026-03-02 23:00"), current: 10, value: 50, history: closed)
        #expect(outcome.history.lastScaleUpTime == nil)
        #expect(outcome.decision.desired == 5)
        // Up to 10 by the load; then the clock is set back into a window whose minimum is 10.
        let scaleUp = Self.decide(spec, utc("2026-03-02 23:30"), current: 5, value: 500).decision
        #expect(scaleUp.desired == 10)
        let setBack = ScalingHistory(pendingScale: .init(scaleUp), hasSeenReplicas: true)
        #expect(
            Self.decide(spec, utc("2026-03-02 15:00"), current: 10, value: 10, history: setBack).history.lastScaleUpTime
                == utc("2026-03-02 15:00"))
    }

    @Test("a decision differs from the previous one when a window begins, even if nothing else has changed")
    func news() throws {
        let spec = Self.spec([try Self.business(min: 3)])
        let before = Self.decide(spec, utc("2026-03-02 12:59"), current: 4, value: 100).decision
        let after = Self.decide(spec, utc("2026-03-02 13:00"), current: 4, value: 100).decision
        #expect(!after.isSame(as: before))
        #expect(after.isSame(as: Self.decide(spec, utc("2026-03-02 14:00"), current: 4, value: 100).decision))
    }
}
