import Scaling
import Testing

@Suite("The SafeScaler, rule by rule")
struct SafeScalerTests {
    static let off = [
        Row("paused holds", 4, [200], paused: true, gives: 4, .paused),
        Row("paused holds outside of the bounds too", 4, [200], bounds: 6...9, paused: true, gives: 4, .paused),
        Row(
            "paused holds at 0", 0, [200], bounds: 0...9, history: ScalingHistory(scaledToZero: true), paused: true,
            gives: 0, .paused),
        Row("a hold from outside", 4, [200], holds: [.duplicateTarget], gives: 4, .duplicateTarget),
        Row(
            "all holds are named", 4, [200], paused: true, holds: [.replicasConflict], gives: 4, .replicasConflict,
            .paused),
        Row("0 set manually is off", 0, [50], metrics: [.queue], bounds: 0...9, gives: 0, .switchedOff),
        Row("also with a minimum", 0, [50], metrics: [.queue], bounds: 2...9, gives: 0, .switchedOff),
        Row(
            "a scaling event that may have been of another target does not show that this one ran", 0, [50],
            metrics: [.queue],
            bounds: 2...9, history: ScalingHistory(lastScaleDownTime: at(-9_000)), gives: 2, .boundsJump),
        Row(
            "seen to have run by its last look", 0, [50], metrics: [.queue], bounds: 2...9,
            history: ScalingHistory(lastSeenReplicas: 3), gives: 0, .switchedOff),
        Row(
            "seen to have run by a scale operation in flight", 0, [50], metrics: [.queue], bounds: 2...9,
            history: ScalingHistory(pendingScale: .init(from: 3, to: 5, at: at(-20))), gives: 0, .switchedOff),
        Row(
            "never seen to run, the minimum rules", 0, [50], metrics: [.queue], bounds: 2...9,
            history: ScalingHistory(), gives: 2, .boundsJump),
        Row(
            "never seen to run and no minimum, the metrics rule", 0, [50], metrics: [.queue], bounds: 0...9,
            history: ScalingHistory(), gives: 5, .activation),
        Row(
            "an own zero is not off", 0, [50], metrics: [.queue], bounds: 0...9,
            history: ScalingHistory(scaledToZero: true, hasSeenReplicas: true), gives: 5, .activation),
        Row(
            "an own zero under a new minimum", 0, [nil], bounds: 2...9,
            history: ScalingHistory(scaledToZero: true, hasSeenReplicas: true), gives: 2, .noData, .boundsJump),
    ]

    private static let busy = ScalingHistory(lastScaleUpTime: at(-1), lastScaleDownTime: at(-2), hasSeenReplicas: true)
    private static let strict = SafetyLimits(
        cooldown: .seconds(300), maxScaleUpRate: .replicas(1), maxScaleDownRate: .replicas(0)
    )

    static let boundsJump = [
        Row("below", 1, [nil], bounds: 3...9, gives: 3, .noData, .boundsJump),
        Row("above", 20, [nil], bounds: 3...9, gives: 9, .noData, .boundsJump),
        Row("regardless of the metric, up", 1, [0], bounds: 3...9, gives: 3, .boundsJump),
        Row("regardless of the metric, down", 20, [900], bounds: 3...9, gives: 9, .boundsJump),
        Row(
            "regardless of cooldown and rate, up", 1, [300], bounds: 7...9, safety: strict, history: busy, gives: 7,
            .boundsJump),
        Row(
            "regardless of cooldown and rate, down", 20, [10], bounds: 3...9, safety: strict, history: busy, gives: 9,
            .boundsJump),
        Row(
            "to the maximum although the budget allows fewer", 20, [10], bounds: 3...9,
            policy: CostPolicy(costPerPodPerHour: 1, maxCostPerHour: 4), gives: 9, .boundsJump),
    ]

    static let rates = [
        Row(
            "up by a number", 4, [500], safety: .free.with { $0.maxScaleUpRate = .replicas(3) }, gives: 7, .scaleUpRate),
        Row("up by exactly the number", 4, [175], safety: .free.with { $0.maxScaleUpRate = .replicas(3) }, gives: 7),
        Row(
            "up by a percentage, rounded up", 5, [500], safety: .free.with { $0.maxScaleUpRate = .percent(50) },
            gives: 8, .scaleUpRate),
        Row(
            "up by more than 100%", 2, [900], safety: .free.with { $0.maxScaleUpRate = .percent(250) }, gives: 7,
            .scaleUpRate),
        Row("up by nothing", 4, [500], safety: .free.with { $0.maxScaleUpRate = .replicas(0) }, gives: 4, .scaleUpRate),
        Row(
            "up by 0 percent", 4, [500], safety: .free.with { $0.maxScaleUpRate = .percent(0) }, gives: 4, .scaleUpRate),
        Row(
            "up by the default: 4 of a few", 2, [5_000],
            safety: .free.with { $0.maxScaleUpRate = SafetyLimits.defaultScaleUpRate }, gives: 6, .scaleUpRate),
        Row(
            "up by the default: twice of many", 20, [5_000],
            safety: .free.with { $0.maxScaleUpRate = SafetyLimits.defaultScaleUpRate }, gives: 40, .scaleUpRate),
        Row(
            "down by a number", 9, [10], safety: .free.with { $0.maxScaleDownRate = .replicas(2) }, gives: 7,
            .scaleDownRate),
        Row(
            "down by the default: half, rounded up", 9, [10],
            safety: .free.with { $0.maxScaleDownRate = SafetyLimits.defaultScaleDownRate }, gives: 4, .scaleDownRate),
        Row(
            "down by nothing", 9, [10], safety: .free.with { $0.maxScaleDownRate = .replicas(0) }, gives: 9,
            .scaleDownRate),
        // The documentation of the HorizontalPodAutoscaler: the larger of 10% and 4 pods, from 80.
        Row(
            "80 less 10%", 80, [1], safety: .free.with { $0.maxScaleDownRate = .larger(replicas: 4, percent: 10) },
            gives: 72, .scaleDownRate),
        Row(
            "72 less 10%, rounded up", 72, [1],
            safety: .free.with { $0.maxScaleDownRate = .larger(replicas: 4, percent: 10) }, gives: 64, .scaleDownRate),
        Row(
            "below 40, the 4 pods", 39, [1],
            safety: .free.with { $0.maxScaleDownRate = .larger(replicas: 4, percent: 10) }, gives: 35, .scaleDownRate),
        Row(
            "a limit without end does not trap", 9, [5_000], safety: .free.with { $0.maxScaleUpRate = .replicas(.max) },
            gives: 100, .maxReplicas),
        Row(
            "nor a percentage without end", 9, [5_000], safety: .free.with { $0.maxScaleUpRate = .percent(.max) },
            gives: 100, .maxReplicas),
        Row("nor one just short of it", 1, [900], safety: .free.with { $0.maxScaleUpRate = .percent(.max) }, gives: 9),
    ]

    static let bounds = [
        Row("no more than the maximum", 4, [900], bounds: 1...10, gives: 10, .maxReplicas),
        Row("no fewer than the minimum", 4, [10], bounds: 3...10, gives: 3, .minReplicas),
        Row("at the maximum", 10, [900], bounds: 1...10, gives: 10, .maxReplicas),
        Row("at the minimum", 3, [10], bounds: 3...10, gives: 3, .minReplicas),
        Row("one replica wanted, one allowed", 1, [900], bounds: 1...1, gives: 1, .maxReplicas),
    ]

    @Test("the SafeScaler decides each case", arguments: off + boundsJump + rates + bounds)
    func safeScalerDecidesCase(_ row: Row) {
        let decision = row.decide()
        #expect(decision.desired == row.desired)
        #expect(decision.limitedBy.filter { $0 != .tolerance } == row.limitedBy)
    }

    // MARK: Cooldowns

    struct Cooldown: Sendable, CustomTestStringConvertible {
        let name: String
        let limits: SafetyLimits
        let last: ScalingHistory
        /// 4 replicas whose recommendation is 8, or 2.
        let up: Bool
        let holds: Bool

        init(
            _ name: String, _ limits: SafetyLimits, up upAgo: Int? = nil, down downAgo: Int? = nil,
            outside outsideAgo: Int? = nil, wants direction: Direction, holds: Bool
        ) {
            self.name = name
            self.limits = limits
            last = ScalingHistory(
                lastScaleUpTime: upAgo.map { at(-$0) }, lastScaleDownTime: downAgo.map { at(-$0) },
                lastOutsideChangeTime: outsideAgo.map { at(-$0) }, hasSeenReplicas: true
            )
            up = direction == .up
            self.holds = holds
        }

        enum Direction: Sendable { case up, down }

        var testDescription: String { name }
    }

    private static func limits(any: Int? = nil, up: Int? = nil, down: Int? = nil) -> SafetyLimits {
        .free.with {
            $0.cooldown = any.map { .seconds($0) }
            $0.scaleUpCooldown = up.map { .seconds($0) }
            $0.scaleDownCooldown = down.map { .seconds($0) }
        }
    }

    static let cooldowns = [
        Cooldown("one for any: up after up", limits(any: 300), up: 299, wants: .up, holds: true),
        Cooldown("one for any: exactly over", limits(any: 300), up: 300, wants: .up, holds: false),
        Cooldown("one for any: up after down", limits(any: 300), down: 299, wants: .up, holds: true),
        Cooldown("one for any: down after up", limits(any: 300), up: 299, wants: .down, holds: true),
        Cooldown("one for any: down after down", limits(any: 300), down: 299, wants: .down, holds: true),
        Cooldown(
            "one for any: the later of the two counts", limits(any: 300), up: 900, down: 10, wants: .up, holds: true),
        Cooldown("up replaces: counts since the last up", limits(any: 300, up: 60), up: 60, wants: .up, holds: false),
        Cooldown("up replaces: held", limits(any: 300, up: 60), up: 59, wants: .up, holds: true),
        Cooldown(
            "up replaces: a scale-down does not matter", limits(any: 300, up: 60), down: 20, wants: .up, holds: false),
        Cooldown(
            "up given, down still by the one for any", limits(any: 300, up: 60), up: 100, wants: .down, holds: true),
        Cooldown("down replaces: counts since any", limits(any: 300, down: 60), up: 59, wants: .down, holds: true),
        Cooldown("down replaces: exactly over", limits(any: 300, down: 60), up: 60, wants: .down, holds: false),
        Cooldown(
            "down given, up still by the one for any", limits(any: 300, down: 60), down: 100, wants: .up, holds: true),
        Cooldown("none given: up waits 15 s for an up", limits(), up: 14, wants: .up, holds: true),
        Cooldown("none given: up waits no longer", limits(), up: 15, wants: .up, holds: false),
        Cooldown("none given: down waits 300 s for an up", limits(), up: 299, wants: .down, holds: true),
        Cooldown("none given: down waits 300 s for a down", limits(), down: 299, wants: .down, holds: true),
        Cooldown("none given: down waits no longer", limits(), down: 300, wants: .down, holds: false),
        Cooldown("a hand-scale holds a scale-down", limits(any: 300), outside: 299, wants: .down, holds: true),
        Cooldown("a hand-scale holds it no longer", limits(any: 300), outside: 300, wants: .down, holds: false),
        Cooldown("a hand-scale holds no scale-up", limits(any: 300), outside: 1, wants: .up, holds: false),
        Cooldown(
            "no cooldown: still one polling interval apart, up", limits(any: 0), down: 14, wants: .up, holds: true),
        Cooldown(
            "no cooldown: still one polling interval apart, down", limits(any: 0), up: 14, wants: .down, holds: true),
        Cooldown("no cooldown: one polling interval is enough", limits(any: 0), up: 15, wants: .down, holds: false),
        Cooldown("a time in the future counts as now", limits(any: 300), up: -500, wants: .up, holds: true),
        Cooldown("nothing has ever been scaled", limits(any: 300), wants: .down, holds: false),
    ]

    @Test("a cooldown holds or allows a change as each case says", arguments: cooldowns)
    func cooldownHoldsAllows(_ row: Cooldown) {
        let decision = Row(row.name, 4, [row.up ? 200 : 50], safety: row.limits, history: row.last, gives: 4).decide()
        #expect(decision.desired == (row.holds ? 4 : row.up ? 8 : 2))
        #expect(decision.limitedBy == (row.holds ? [.cooldown] : []))
    }
}
