import Backtest
import Scaling
import Testing
import WireFormats

/// The model against the examples of the Kubernetes documentation and of KEP-853.
@Suite("the model of the HorizontalPodAutoscaler")
struct HPAModelTests {
    private static let total = MetricSpec(name: "requests", target: 100, targetType: .averageValue)
    private static let perPod = MetricSpec(name: "requests", target: 100, targetType: .value)

    /// Runs the model with all pods ready at once; returns the replicas after each sync.
    private func replicas(
        _ settings: HPASettings, from initial: Int, _ values: [Double?], _ metric: MetricSpec = total,
        every seconds: Int = 15
    ) -> [Int] {
        var model = HPAModel(settings)
        var current = initial
        return values.enumerated().map { index, value in
            let now = start + .seconds(index * seconds)
            let reading = HPAModel.Reading(metric: metric, value: value)
            current = model.sync(at: now, current: current, ready: current, [reading]).desired
            return current
        }
    }

    /// Settings without stabilization, with the policies in the form of `behavior`.
    private func settings(min: Int = 1, max: Int = 10_000, up: JSON = [:], down: JSON = [:]) -> HPASettings {
        let down = (down.objectValue ?? [:]).merging(["stabilizationWindowSeconds": 0]) { first, _ in first }
        return HPASettings(minReplicas: min, maxReplicas: max, behavior: ["scaleUp": up, "scaleDown": .object(down)])
    }

    @Test("a value of twice the target doubles the pods, and half of it halves them")
    func ratio() {
        #expect(replicas(settings(), from: 4, [200], Self.perPod) == [8])
        #expect(replicas(settings(), from: 4, [50], Self.perPod) == [2])
        #expect(replicas(settings(), from: 4, [800]) == [8])
    }

    @Test("a ratio within the tolerance of 0.1 changes nothing", arguments: [110.0, 90, 100])
    func tolerance(value: Double) {
        #expect(replicas(settings(), from: 4, [value], Self.perPod) == [4])
        #expect(replicas(settings(), from: 4, [value * 4]) == [4])
    }

    @Test("a ratio just outside of the tolerance changes the pods")
    func outsideTolerance() {
        #expect(replicas(settings(), from: 10, [110.1], Self.perPod) == [12])
        #expect(replicas(settings(), from: 10, [89.9], Self.perPod) == [9])
    }

    @Test("a tolerance of behavior applies to its direction, in versions that have it")
    func toleranceOfBehavior() {
        let behavior: JSON = ["scaleUp": ["tolerance": "0.5"], "scaleDown": ["stabilizationWindowSeconds": 0]]
        let new = HPASettings(minReplicas: 1, maxReplicas: 100, behavior: behavior, kubernetesMinor: 35)
        let old = HPASettings(minReplicas: 1, maxReplicas: 100, behavior: behavior, kubernetesMinor: 32)
        #expect(replicas(new, from: 10, [140], Self.perPod) == [10])
        #expect(replicas(old, from: 10, [140], Self.perPod) == [14])
        #expect(replicas(new, from: 10, [80], Self.perPod) == [8])
    }

    @Test("by default the pods double, or grow by 4, every 15 s")
    func defaultUp() {
        #expect(
            replicas(HPASettings(minReplicas: 1, maxReplicas: 100), from: 1, [9_000, 9_000, 9_000, 9_000]) == [
                5, 10, 20, 40,
            ])
    }

    @Test("by default all pods may be removed at once, after 300 s of stabilization")
    func defaultDown() {
        let values: [Double?] = [1_000] + Array(repeating: 100, count: 22)
        let counts = replicas(HPASettings(minReplicas: 1, maxReplicas: 100), from: 10, values)
        #expect(counts.firstIndex(of: 1) == 20)
        #expect(counts.prefix(20).allSatisfy { $0 == 10 })
    }

    @Test("900% every minute multiplies the pods by ten in each minute")
    func scaleUpFast() {
        let rules: JSON = ["policies": [["type": "Percent", "value": 900, "periodSeconds": 60]]]
        #expect(replicas(settings(up: rules), from: 1, [200_000, 200_000, 200_000], every: 60) == [10, 100, 1_000])
    }

    @Test("a rate holds for a sliding period, not for each sync")
    func slidingPeriod() {
        let rules: JSON = ["policies": [["type": "Pods", "value": 4, "periodSeconds": 60]]]
        #expect(replicas(settings(up: rules), from: 1, Array(repeating: 9_000, count: 6)) == [5, 5, 5, 5, 9, 9])
    }

    @Test("of 4 pods and 10% a minute, the larger removes 8 of 80 and of 72 pods, and 4 below 40")
    func twoPolicies() {
        let rules: JSON = [
            "policies": [
                ["type": "Pods", "value": 4, "periodSeconds": 60],
                ["type": "Percent", "value": 10, "periodSeconds": 60],
            ]
        ]
        let counts = replicas(settings(down: rules), from: 80, Array(repeating: 1_000, count: 12), every: 60)
        #expect(counts.prefix(2) == [72, 64])
        #expect(counts.suffix(3) == [24, 20, 16])
    }

    @Test("selectPolicy Min takes the smaller change, and Disabled none")
    func selectPolicy() {
        let policies: JSON = [
            ["type": "Pods", "value": 5, "periodSeconds": 60], ["type": "Percent", "value": 10, "periodSeconds": 60],
        ]
        #expect(replicas(settings(down: ["policies": policies, "selectPolicy": "Min"]), from: 80, [1_000]) == [75])
        #expect(
            replicas(settings(down: ["policies": policies, "selectPolicy": "Disabled"]), from: 80, [1_000]) == [80])
    }

    @Test("a stabilization window for scale-ups takes the lowest recommendation of its time")
    func stabilizationUp() {
        let counts = replicas(
            settings(up: ["stabilizationWindowSeconds": 45]), from: 2, [200, 800, 600, 800, 800, 800])
        #expect(counts == [2, 2, 2, 6, 6, 8])
    }

    @Test("a metric without a value prevents a scale-down and no scale-up")
    func missing() {
        func sync(_ value: Double) -> HPAModel.Step {
            var model = HPAModel(settings())
            let readings = [
                HPAModel.Reading(metric: Self.total, value: value), HPAModel.Reading(metric: Self.total, value: nil),
            ]
            return model.sync(at: start, current: 5, ready: 5, readings)
        }
        #expect(sync(100) == HPAModel.Step(desired: 5, reason: .noData))
        #expect(sync(900).desired == 9)
    }

    @Test("without any value the pods stay as they are")
    func noValue() {
        #expect(replicas(settings(), from: 3, [nil, nil]) == [3, 3])
    }

    @Test("pods outside of the bounds are set to the bound")
    func bounds() {
        #expect(replicas(settings(min: 2, max: 6), from: 9, [900]) == [6])
        #expect(replicas(settings(min: 2, max: 6), from: 1, [0]) == [2])
        #expect(replicas(settings(min: 2, max: 6), from: 3, [9_000]) == [6])
    }

    @Test("a target at 0 stays there, unless its minimum is 0 and the version has the feature gate")
    func zero() {
        #expect(replicas(settings(min: 1), from: 0, [900]) == [0])
        #expect(replicas(settings(min: 0), from: 0, [900]) == [4])
        let old = HPASettings(minReplicas: 0, maxReplicas: 9, kubernetesMinor: 15)
        #expect(old.minReplicas == 1)
        #expect(replicas(settings(min: 0), from: 3, [0]) == [0])
    }
}

@Suite("the model of KEDA")
struct KEDAModelTests {
    private let settings = HPASettings.KEDA(
        pollingInterval: .seconds(30), cooldown: .seconds(90), initialCooldown: .seconds(7), idleReplicas: 0)

    @Test("an idle target is stopped after the cooldown since it was last active")
    func stop() {
        var model = KEDAModel(settings, minReplicas: 1, start: start)
        #expect(model.poll(at: start, current: 0, isActive: true, hasFailed: false) == 1)
        #expect(model.poll(at: start + .seconds(89), current: 4, isActive: false, hasFailed: false) == nil)
        #expect(model.poll(at: start + .seconds(90), current: 4, isActive: false, hasFailed: true) == nil)
        #expect(model.poll(at: start + .seconds(90), current: 4, isActive: false, hasFailed: false) == 0)
    }

    @Test("a new target keeps its replicas for the initial cooldown and the cooldown")
    func initialCooldown() {
        var model = KEDAModel(settings, minReplicas: 1, start: start)
        #expect(model.poll(at: start + .seconds(96), current: 2, isActive: false, hasFailed: false) == nil)
        #expect(model.poll(at: start + .seconds(97), current: 2, isActive: false, hasFailed: false) == 0)
    }

    @Test("a target that starts gets its minimum")
    func minimum() {
        var model = KEDAModel(settings, minReplicas: 3, start: start)
        #expect(model.poll(at: start, current: 0, isActive: true, hasFailed: false) == 3)
    }
}

@Suite("a replay beside the HorizontalPodAutoscaler")
struct ReplayComparisonTests {
    private func comparison(_ values: [Double?], _ safety: SafetyLimits, _ settings: HPASettings) throws
        -> ReplayComparison
    {
        let backtest = try Backtest(
            spec: .requests(.averageValue, safety: safety), trace: trace(values),
            workload: Workload(startupDelay: .zero, initialReplicas: 2))
        let decisions = backtest.steps().steps.map(\.decision)
        let theirs = HPAReplay(settings, on: backtest).run(initialReplicas: 2)
        return ReplayComparison(
            decisions, theirs, from: backtest.trace.start, to: backtest.trace.end, settings: settings)
    }

    @Test("equal settings give equal replicas in every minute")
    func equal() throws {
        let safety = SafetyLimits(
            scaleUpCooldown: .seconds(15), scaleDownCooldown: .seconds(15), maxScaleDownRate: .percent(100))
        let values = (0..<400).map { Double(($0 * 37) % 900) as Double? }
        let result = try comparison(values, safety, HPASettings(minReplicas: 1, maxReplicas: 20))
        #expect(result.minutes.count == 100)
        #expect(result.differing == 0, "\(result.differences)")
    }

    @Test("a longer cooldown is the explanation of the minutes in which the replicas differ")
    func cooldown() throws {
        let safety = SafetyLimits(
            scaleUpCooldown: .seconds(300), scaleDownCooldown: .seconds(15), maxScaleDownRate: .percent(100))
        let values = Array(repeating: 300 as Double?, count: 8) + Array(repeating: 900 as Double?, count: 24)
        let result = try comparison(values, safety, HPASettings(minReplicas: 1, maxReplicas: 20))
        let first = try #require(result.differences.first)
        #expect(result.differences.count == 1)
        #expect(first.explanation.contains("cooldown"))
        #expect(first.theirs == 9...9)
        #expect(first.ours == 3...7)
        #expect(result.differing == 6)
    }
}
