import Testing

@testable import Scaling

@Suite("The ratio rule of one metric")
struct RatioRuleTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let metric: MetricSpec
        let value: Double
        let current: Int
        let ready: Int
        let recommended: Int
        let heldBy: Cause?

        init(
            _ name: String, _ metric: MetricSpec, _ value: Double, current: Int, ready: Int? = nil, asks: Int,
            heldBy: Cause? = nil
        ) {
            self.name = name
            self.metric = metric
            self.value = value
            self.current = current
            self.ready = ready ?? current
            recommended = asks
            self.heldBy = heldBy
        }

        var testDescription: String { name }
    }

    private static let tiny = MetricSpec(name: "tiny", target: .leastNonzeroMagnitude, targetType: .value)
    private static let tinyAverage = MetricSpec(
        name: "tiny", target: .leastNonzeroMagnitude, targetType: .averageValue)
    private static let most = Int(Int32.max)

    static let cases = [
        // Value, as in the Kubernetes documentation: twice the target doubles, half of it halves.
        Case("200m against 100m doubles", .rate, 200, current: 3, asks: 6),
        Case("50m against 100m halves", .rate, 50, current: 4, asks: 2),
        Case("half of an odd number rounds up", .rate, 50, current: 5, asks: 3),
        Case("a small excess rounds up to a whole replica", .rate, 111, current: 3, asks: 4),
        // Tolerance.
        Case("at the target", .rate, 100, current: 3, asks: 3),
        Case("at the upper edge of the tolerance", .rate, 110, current: 30, asks: 30, heldBy: .tolerance),
        Case("just above the tolerance", .rate, 110.1, current: 30, asks: 34),
        Case("at the lower edge of the tolerance", .rate, 90, current: 30, asks: 30, heldBy: .tolerance),
        Case("just below the tolerance", .rate, 89.9, current: 30, asks: 27),
        Case("tolerance is no cause where it changes nothing", .rate, 95, current: 3, asks: 3),
        // The rounding error of a product does not add a replica.
        Case("a product just over a whole number", .rate, 112, current: 25, asks: 28),
        Case("0.7 / 0.1 is 7", MetricSpec(name: "m", target: 0.1, targetType: .averageValue), 0.7, current: 3, asks: 7),
        // Replicas that are not ready.
        Case("only ready replicas multiply", .rate, 200, current: 10, ready: 8, asks: 16),
        Case("starting replicas do not compound", .rate, 150, current: 10, ready: 5, asks: 10, heldBy: .notReady),
        Case("none ready, above the target", .rate, 900, current: 10, ready: 0, asks: 10, heldBy: .notReady),
        Case("a surge of ready replicas does not multiply", .rate, 200, current: 4, ready: 6, asks: 8),
        Case("half ready may scale down", .rate, 50, current: 10, ready: 5, asks: 5),
        Case("fewer than half ready may not", .rate, 50, current: 10, ready: 4, asks: 10, heldBy: .notReady),
        Case(
            "fewer than half ready of an odd number may not", .rate, 10, current: 5, ready: 2, asks: 5,
            heldBy: .notReady),
        Case("a queue is independent of readiness", .queue, 20, current: 10, ready: 1, asks: 2),
        // AverageValue.
        Case("a queue of 95 for 10 each", .queue, 95, current: 3, asks: 10),
        Case("an exact multiple", .queue, 90, current: 3, asks: 9),
        Case("a queue within the tolerance", .queue, 105, current: 10, asks: 10, heldBy: .tolerance),
        Case("a negative queue counts as empty", .queue, -50, current: 3, asks: 1),
        // Limits.
        Case("nothing to do keeps one replica", .rate, 0, current: 5, asks: 1),
        Case("an empty queue keeps one replica", .queue, 0, current: 5, asks: 1),
        Case("from 0, a queue has no tolerance", .queue, 0.5, current: 0, asks: 1),
        Case("from 0, an empty queue asks for none", .queue, 0, current: 0, asks: 0),
        Case("from 0, a value per replica asks for none", .rate, 500, current: 0, asks: 0),
        // Nothing traps.
        Case("the greatest value", .rate, .greatestFiniteMagnitude, current: 5, asks: most),
        Case("a quotient that overflows", tiny, .greatestFiniteMagnitude, current: 5, asks: most),
        Case("an overflow times none ready", tiny, 1, current: 5, ready: 0, asks: 5, heldBy: .notReady),
        Case("the greatest queue", tinyAverage, .greatestFiniteMagnitude, current: 5, asks: most),
        Case("the greatest queue from 0", tinyAverage, 1, current: 0, asks: most),
        Case("the smallest value", .rate, .leastNonzeroMagnitude, current: most, asks: 1),
        Case("at the most replicas there are", .rate, 200, current: most, asks: most),
        Case("the least queue", .queue, -.greatestFiniteMagnitude, current: 2, asks: 1),
    ]

    @Test("a metric recommends the replicas of each case", arguments: cases)
    func metricRecommendsReplicas(_ row: Case) {
        let rule = RatioRule(scaleUpTolerance: 0.1, scaleDownTolerance: 0.1)
        let outcome = rule.outcome(value: row.value, metric: row.metric, current: row.current, ready: row.ready)
        #expect(outcome.recommended == row.recommended)
        #expect(outcome.heldBy == row.heldBy)
    }

    @Test(
        "each direction has its own tolerance",
        arguments: [(130.0, 10, 10), (131, 10, 14), (95, 10, 10), (94, 10, 10), (80, 100, 80)])
    func sides(value: Double, current: Int, recommended: Int) {
        let rule = RatioRule(scaleUpTolerance: 0.3, scaleDownTolerance: 0.05)
        #expect(
            rule.outcome(value: value, metric: .rate, current: current, ready: current).recommended == recommended)
    }

    @Test("the ratio is the observed value divided by the target, and unknown for a queue without replicas")
    func ratios() {
        let rule = RatioRule(scaleUpTolerance: 0.1, scaleDownTolerance: 0.1)
        #expect(rule.outcome(value: 140, metric: .rate, current: 5, ready: 5).ratio == 1.4)
        #expect(rule.outcome(value: 60, metric: .queue, current: 3, ready: 3).ratio == 2)
        #expect(rule.outcome(value: 60, metric: .queue, current: 0, ready: 0).ratio == nil)
    }

    @Test("the ratio rule does not trap for any double and number of replicas")
    func extremes() {
        let values: [Double] = [
            0, -0.0, 1, -1, 1e-300, 1e300, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
            -.greatestFiniteMagnitude, .infinity, -.infinity, .nan,
        ]
        let counts = [0, 1, 2, 1_000, Self.most]
        for value in values {
            for target in values where target > 0 {
                for current in counts {
                    for ready in counts {
                        for type in MetricSpec.TargetType.allCases {
                            let metric = MetricSpec(name: "m", target: target, targetType: type)
                            let outcome = RatioRule(scaleUpTolerance: 0.1, scaleDownTolerance: 0.1)
                                .outcome(value: value, metric: metric, current: current, ready: ready)
                            #expect((0...Self.most).contains(outcome.recommended))
                        }
                    }
                }
            }
        }
    }
}
