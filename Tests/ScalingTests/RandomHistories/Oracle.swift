import Scaling

/// Observes decisions from outside and checks only the invariants, with its own record of events.
struct Oracle {
    private struct Streak {
        var polls = 0
        var since: Timestamp
    }

    private var lastUp: Timestamp?
    private var lastScaling: Timestamp?
    private var lastOutsideChange: Timestamp?
    /// Since when every metric has been valid and at most its activation.
    private var idleSince: Timestamp?
    private var lastSeen: Int?
    private var hasSeenReplicas = false
    private var isOurZero = false
    private var failing: [String: Streak] = [:]

    /// Drops the state that a restart loses.
    mutating func restart() {
        failing = [:]
    }

    mutating func scaled(_ decision: Decision) {
        lastSeen = decision.desired
        // Every scaling event has a count above 0 on one side.
        hasSeenReplicas = true
        isOurZero = decision.desired == 0
        guard !decision.limitedBy.contains(.boundsJump) else { return }
        lastScaling = decision.time
        if decision.desired > decision.current { lastUp = decision.time }
    }

    /// Records the scaler's input, and checks its decision.
    mutating func watch(_ input: DecisionInput, _ decision: Decision) -> String? {
        let view = View(input, decision)
        remember(view)
        if Set(decision.limitedBy).count != decision.limitedBy.count { return "a cause is named twice" }
        if decision.desired != decision.recommended, decision.limitedBy.isEmpty { return "an unnamed limit" }
        if let fault = checkOff(view) { return fault }
        if view.isOff(self) { return nil }
        if let fault = checkBounds(view) { return fault }
        if view.names(.boundsJump) { return nil }
        if let fault = checkFallback(view) { return fault }
        if let fault = checkSharedBudget(view) { return fault }
        if view.isReclaimed { return nil }
        if view.to > view.from { return checkUp(view) }
        if view.to < view.from { return checkDown(view) }
        return nil
    }

    private mutating func remember(_ view: View) {
        func past(_ time: Timestamp?) -> Timestamp? { time.map { min($0, view.now) } }
        lastUp = past(lastUp)
        lastScaling = past(lastScaling)
        lastOutsideChange = past(lastOutsideChange)
        idleSince = past(idleSince)
        if let lastSeen, lastSeen != view.from { lastOutsideChange = view.now }
        lastSeen = view.from
        if view.from > 0 {
            hasSeenReplicas = true
            isOurZero = false
        }
        if view.isMissingAny || view.isAssumed || view.isActive || idleSince == nil { idleSince = view.now }
        failing = failing.mapValues { Streak(polls: $0.polls, since: min($0.since, view.now)) }
        for (metric, value) in zip(view.spec.metrics, view.values) {
            guard value == nil else {
                failing[metric.name] = nil
                continue
            }
            failing[metric.name, default: Streak(since: view.now)].polls += 1
        }
    }

    // MARK: The rules

    private func checkOff(_ view: View) -> String? {
        guard view.isOff(self) else {
            return view.names(.switchedOff) || view.names(.paused) ? "a hold without its reason" : nil
        }
        return view.to == view.from ? nil : "scaled though it is off"
    }

    private func checkBounds(_ view: View) -> String? {
        let (least, most) = (view.spec.minReplicas, view.spec.maxReplicas)
        guard (least...most).contains(view.to) else { return "out of the bounds" }
        if (least...most).contains(view.from) {
            return view.names(.boundsJump) ? "a jump from inside of the bounds" : nil
        }
        return view.names(.boundsJump) && view.to == min(max(view.from, least), most) ? nil : "not to the bound at once"
    }

    private func checkFallback(_ view: View) -> String? {
        guard view.names(.fallback) else { return nil }
        let hasFailed = failing.values.contains {
            $0.polls >= view.spec.fallback.failureThreshold && view.now - $0.since >= .seconds(180)
        }
        return hasFailed ? nil : "a fallback too early"
    }

    private func checkSharedBudget(_ view: View) -> String? {
        guard let cap = view.sharedBudget else {
            return view.names(.budget) ? "limited by a budget that does not exist" : nil
        }
        let most = max(cap.replicas, view.spec.minReplicas)
        if view.to > most, view.to > view.from { return "up over the cap of a shared budget" }
        if let atOnce = cap.immediateReplicas, view.to > max(atOnce, view.spec.minReplicas) {
            return "over a cap that applies at once"
        }
        return nil
    }

    private func checkUp(_ view: View) -> String? {
        if let cap = view.spec.cap, view.to > max(cap, view.spec.minReplicas) { return "up over the cap" }
        if view.names(.activation) {
            return view.from == 0 && view.isActive ? nil : "an activation without an active metric"
        }
        if view.from == 0, !view.names(.fallback) { return "up from 0 without an activation" }
        if view.names(.forecast), !view.mayForecast { return "up by a forecast of a spec without one" }
        if view.isReadyUnknown, !view.names(.forecast), !view.names(.fallback), !view.names(.errorBudget),
            !view.asksForMoreInTotal
        {
            return "up on a value per replica although the number of ready replicas is unknown"
        }
        if view.decision.recommended <= view.from { return "up without a recommendation" }
        let safety = view.spec.safety
        if view.to - view.from > safety.maxScaleUpRate.step(from: view.from) { return "up over the rate" }
        if view.isWithin(view.spec.pollingInterval, of: lastScaling) { return "up twice in an interval" }
        if view.names(.fallback) { return nil }
        let isHeld =
            if let cooldown = safety.scaleUpCooldown {
                view.isWithin(cooldown, of: lastUp)
            } else if let cooldown = safety.cooldown {
                view.isWithin(cooldown, of: lastScaling)
            } else {
                view.isWithin(.seconds(15), of: lastUp)
            }
        return isHeld ? "up in a cooldown" : nil
    }

    private func checkDown(_ view: View) -> String? {
        let safety = view.spec.safety
        if view.isWithin(view.spec.pollingInterval, of: lastScaling) { return "down twice in an interval" }
        let cooldown = safety.scaleDownCooldown ?? safety.cooldown ?? .seconds(300)
        if view.isWithin(cooldown, of: lastOutsideChange) { return "down right after another client's change" }
        if view.names(.toZero) {
            if view.spec.minReplicas > 0 || view.to != 0 { return "to 0 over the minimum" }
            if view.isMissingAny || view.isAssumed || view.isActive { return "to 0 while not idle" }
            return view.isWithin(cooldown, of: idleSince) ? "to 0 too early" : nil
        }
        if safety.maxScaleDownRate.step(from: view.from) == 0 { return "down though the rate forbids it" }
        if view.from - view.to > safety.maxScaleDownRate.step(from: view.from) { return "down over the rate" }
        if view.isWithin(cooldown, of: lastScaling) { return "down in a cooldown" }
        if view.names(.budget), let cap = view.sharedBudget, view.to >= cap.replicas { return nil }
        // The cap lowers replicas regardless of the metrics, but only to the cap.
        if view.names(.budgetCap), let cap = view.spec.cap, view.to >= cap { return nil }
        if view.isMissingAny {
            let mayLower = [.static, .staticIfLower].contains(view.spec.fallback.behavior) && view.isMissingAll
            return view.names(.fallback) && mayLower ? nil : "down on missing data"
        }
        if view.isAssumed { return "down on an assumed value" }
        if view.isReadyUnknown, view.hasValuePerReplica {
            return "down on a value per replica although the number of ready replicas is unknown"
        }
        if view.asksForMore { return "down though a ratio is above 1" }
        return view.decision.recommended < view.from ? nil : "down without a recommendation"
    }

    // MARK: What is to be seen

    /// One decision and its input, in the terms of the invariants.
    private struct View {
        let spec: ScalingSpec
        let holds: Bool
        let isReadyUnknown: Bool
        let now: Timestamp
        let decision: Decision
        /// The values; nil if a reading is missing, outdated or invalid.
        let values: [Double?]
        /// Whether a formula's input has no data, so that its value is assumed.
        let isAssumed: Bool
        let usefulReplicas: [String: Int]
        let activity: [String: Bool]
        let sharedBudget: SharedBudgetCap?

        init(_ input: DecisionInput, _ decision: Decision) {
            spec = input.spec.scheduled(at: input.now)
            holds = !input.holds.isEmpty || spec.isPaused
            isReadyUnknown = input.ready == nil
            sharedBudget = input.sharedBudget
            usefulReplicas = input.usefulReplicas
            activity = input.activity
            now = input.now
            self.decision = decision
            func value(_ observation: MetricObservation) -> Double? {
                guard case .value(let value, let time) = observation, value.isFinite, input.now - time <= .seconds(60)
                else { return nil }
                return value
            }
            isAssumed = input.inputs.contains { observation in
                if case .failed = observation { return false }
                return value(observation) == nil
            }
            let assumed = isAssumed ? Formula.assumedValue : nil
            values = zip(spec.metrics, input.observations).map { metric, observation in
                guard let value = value(observation) ?? (metric.formula == nil ? nil : assumed) else { return nil }
                return value < 0 && metric.targetType == .value ? nil : value
            }
        }

        var from: Int { decision.current }
        var to: Int { decision.desired }
        var isMissingAny: Bool { values.contains { $0 == nil } }
        var isMissingAll: Bool { values.allSatisfy { $0 == nil } }

        /// Whether a budget removed replicas at once, for which no cooldown and no rate counts.
        var isReclaimed: Bool {
            guard let atOnce = sharedBudget?.immediateReplicas, to < from else { return false }
            return names(.budget) && to == max(atOnce, spec.minReplicas)
        }

        func names(_ cause: Cause) -> Bool { decision.limitedBy.contains(cause) }

        var mayForecast: Bool { spec.forecast?.mode == .active && from > 0 }

        func isOff(_ oracle: Oracle) -> Bool {
            holds || (from == 0 && oracle.hasSeenReplicas && !oracle.isOurZero)
        }

        func isWithin(_ duration: Duration, of time: Timestamp?) -> Bool { time.map { now - $0 < duration } ?? false }

        var isActive: Bool {
            zip(spec.metrics, values).contains { metric, value in
                guard let value else { return false }
                return activity[metric.name] ?? (value > metric.activation)
            }
        }

        var asksForMore: Bool {
            zip(spec.metrics, values).contains { metric, value in
                guard let value, !isError(metric), hasWork(metric, for: from + 1) else { return false }
                return value / metric.target > (metric.targetType == .value ? 1 : Double(from))
            }
        }

        /// Whether some total exceeds what the replicas should share.
        var asksForMoreInTotal: Bool {
            zip(spec.metrics, values).contains { metric, value in
                metric.targetType == .averageValue && (value ?? 0) / metric.target > Double(from)
                    && hasWork(metric, for: from + 1)
            }
        }

        /// Whether some value per replica differs from its target.
        var hasValuePerReplica: Bool {
            zip(spec.metrics, values).contains { metric, value in
                metric.targetType == .value && value != nil && !isError(metric) && hasWork(metric, for: from)
            }
        }

        private func hasWork(_ metric: MetricSpec, for replicas: Int) -> Bool {
            usefulReplicas[metric.name].map { $0 >= replicas } ?? true
        }

        private func isError(_ metric: MetricSpec) -> Bool {
            spec.objective.map { metric.name == $0.metric || metric.name == $0.longMetric } ?? false
        }
    }
}

extension ScalingSpec {
    /// Returns the spec with what its schedules set, by the names that ``ScalingSpec/random(using:)`` gives them: the
    /// first minute of every ten, and how many minutes.
    fileprivate func scheduled(at now: Timestamp) -> ScalingSpec {
        let minute = now.microsecondsSince1970 / 60_000_000
        let active = schedules.filter { schedule in
            let parts = schedule.name.split(separator: " ").compactMap { Int64($0) }
            return (minute - parts[0] + 10) % 10 < parts[1]
        }
        var spec = self
        spec.minReplicas = active.lazy.compactMap(\.minReplicas).first ?? minReplicas
        spec.maxReplicas = max(spec.minReplicas, active.lazy.compactMap(\.maxReplicas).first ?? maxReplicas)
        for (index, metric) in metrics.enumerated() {
            spec.metrics[index].target = active.lazy.compactMap { $0.targets[metric.name] }.first ?? metric.target
        }
        return spec
    }
}
