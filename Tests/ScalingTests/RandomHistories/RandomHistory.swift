import Scaling
import TestSupport

/// A target with random load, failures, restarts, changes by other clients and clock faults, with a scaler and an
/// ``Oracle``.
struct RandomHistory {
    private enum Phase: CaseIterable {
        case steady, high, low, idle, failing, partial, wild
    }

    private var random: SplitMix64
    private var spec: ScalingSpec
    private var history = ScalingHistory()
    private var oracle = Oracle()
    private var seconds = 1_000_000
    private var current: Int
    private var phase = Phase.steady
    /// Whether the operator has crashed after its last patch, so that nothing else may happen until the next poll.
    private var hasCrashed = false
    private(set) var seen: [Cause] = []

    static let polls = 12

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        spec = .random(using: &random)
        current = random.within(0...spec.maxReplicas + 1)
    }

    /// Runs the whole history; returns the violation, or nil.
    mutating func run() -> String? {
        for poll in 0..<Self.polls {
            if random.chance(percent: 40) { phase = random.pick(Phase.allCases) }
            if poll > 0, !hasCrashed { changeFromOutside() }
            hasCrashed = false
            if let fault = step(isFirst: poll == 0) { return "poll \(poll): \(fault)" }
            seconds += passing()
        }
        return nil
    }

    private mutating func passing() -> Int {
        let interval = Int(spec.pollingInterval.components.seconds)
        switch random.below(100) {
        case 0..<2: return -random.within(1...2_000)
        case 2..<4: return 0
        case 4..<7: return random.within(600...30_000)
        default: return interval
        }
    }

    /// Applies changes by other clients between two polls.
    private mutating func changeFromOutside() {
        switch random.below(100) {
        case 0..<3: current = 0
        case 3..<7: current = random.within(0...spec.maxReplicas + 3)
        case 7..<10: restart()
        case 10..<12:
            spec.maxReplicas = max(spec.minReplicas, random.within(1...12))
        case 12..<14: spec.isPaused.toggle()
        default: break
        }
    }

    private mutating func restart() {
        history = history.restarted
        oracle.restart()
    }

    private mutating func step(isFirst: Bool) -> String? {
        let now = at(seconds)
        let observations = spec.metrics.indices.map { observe($0, now) }
        var input = DecisionInput(
            spec: spec,
            now: now,
            current: current,
            ready: ready(),
            observations: observations,
            // The reading of the first metric is that of its formula's input.
            inputs: spec.inputs.isEmpty ? [] : [observations[0]],
            history: history,
            holds: random.chance(percent: 2) ? [random.pick([.duplicateTarget, .replicasConflict])] : []
        )
        for metric in spec.metrics where random.chance(percent: 5) {
            input.usefulReplicas[metric.name] = random.within(1...6)
        }
        for metric in spec.metrics where metric.formula == nil && random.chance(percent: 5) {
            input.activity[metric.name] = random.chance(percent: 50)
        }
        let reactive = DecisionEngine.decide(input).decision
        input.forecasts = forecasts()
        let unlimited = DecisionEngine.decide(input).decision
        input.sharedBudget = sharedBudget()
        let outcome = DecisionEngine.decide(input)
        if isFirst, DecisionEngine.decide(input) != outcome { return "the same input gave another decision" }
        let decision = outcome.decision
        if decision.desired > unlimited.desired { return "a shared budget adds replicas" }
        if input.sharedBudget == nil, decision.desired < reactive.desired {
            return "a forecast lowers \(reactive.desired) to \(decision.desired)"
        }
        for cause in decision.limitedBy where !seen.contains(cause) { seen.append(cause) }
        if let fault = oracle.watch(input, decision) { return "\(fault); \(decision.reason) \(decision.limitedBy)" }
        history = outcome.history
        if decision.changesReplicas, !spec.isDryRun { scale(decision, now) }
        return nil
    }

    private mutating func sharedBudget() -> SharedBudgetCap? {
        guard random.chance(percent: 15) else { return nil }
        var cap = SharedBudgetCap(
            budget: "shop", replicas: random.within(0...8), isImmediate: random.chance(percent: 20))
        // Another budget with a higher cap takes replicas back at once.
        if !cap.isImmediate, random.chance(percent: 20) { cap.immediateReplicas = cap.replicas + random.within(0...4) }
        return cap
    }

    /// Returns a forecast of each metric that has one, often of more than the present load.
    private mutating func forecasts() -> [String: LoadForecast] {
        var forecasts: [String: LoadForecast] = [:]
        for place in spec.forecastMetrics {
            let metric = spec.metrics[place]
            let load = metric.target * Double(max(current, 1)) * load()
            let upper = load * Double(random.within(50...300)) / 100
            forecasts[metric.name] = LoadForecast(
                load: load, expected: load, upper: upper, horizon: .seconds(300), pattern: .daily, skill: 0.5,
                verdict: random.pick([.open, .open, .noSkill(0.01), .learning(hours: 3)]))
        }
        return forecasts
    }

    /// Returns the ready replicas; nil if the target does not report them.
    private mutating func ready() -> Int? {
        switch random.below(100) {
        case 0..<20: random.within(0...current + 2)
        case 20..<23: nil
        default: current
        }
    }

    private mutating func scale(_ decision: Decision, _ now: Timestamp) {
        let pending = ScalingHistory.PendingScale(decision)
        let survives = !random.chance(percent: 5)
        if survives {
            history.recordScale(
                from: current, to: decision.desired, at: now, startsCooldown: decision.startsCooldown)
        } else {
            hasCrashed = true
            history.pendingScale = pending
            restart()
            if random.chance(percent: 50) { return }
        }
        current = decision.desired
        oracle.scaled(decision)
    }

    // MARK: Readings

    private mutating func observe(_ index: Int, _ now: Timestamp) -> MetricObservation {
        let metric = spec.metrics[index]
        if phase == .failing || (phase == .partial && index == 0) || random.chance(percent: 2) {
            return missing(now)
        }
        if metric.name.hasPrefix("errors") {
            return .value(random.pick([0, 0.0005, 0.0005, 0.002, 0.02]), observedAt: now)
        }
        let replicas = metric.targetType == .value ? 1 : Double(max(current, 1))
        return .value(metric.target * replicas * load(), observedAt: now)
    }

    private mutating func missing(_ now: Timestamp) -> MetricObservation {
        switch random.below(4) {
        case 0: .noData("no result")
        case 1: .failed("no answer")
        case 2: .value(1, observedAt: now + .seconds(-61))
        default: .value(.nan, observedAt: now)
        }
    }

    /// Returns the load divided by the capacity of the current replicas.
    private mutating func load() -> Double {
        func percent(_ range: ClosedRange<Int>) -> Double { Double(random.within(range)) / 100 }
        switch phase {
        case .steady: return percent(85...115)
        case .high: return percent(115...500)
        case .low, .partial: return percent(5...85)
        case .idle, .failing: return 0
        case .wild:
            return random.pick([0, 1e-300, 1, 1e300, -1, .infinity, .greatestFiniteMagnitude, 1.1, 0.9])
        }
    }
}
