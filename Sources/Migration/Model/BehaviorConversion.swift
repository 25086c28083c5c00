import ScalerAPI
import WireFormats

/// Converts the `behavior` of a HorizontalPodAutoscaler to `safety`.
struct BehaviorConversion {
    let ledger: FieldLedger
    /// The path of `behavior`.
    let path: String
    let behavior: JSON?
    /// The seconds of inactivity before 0 replicas; nil if the scaler does not scale to 0.
    let idleSeconds: Int?

    private struct Direction {
        let name: String
        let isUp: Bool
        var rate: String { isUp ? "maxScaleUpRate" : "maxScaleDownRate" }
        var cooldown: String { isUp ? "scaleUpCooldownSeconds" : "scaleDownCooldownSeconds" }
        var window: String { isUp ? "scaleUpStabilizationSeconds" : "scaleDownStabilizationSeconds" }
        var tolerance: String { isUp ? "scaleUpTolerance" : "scaleDownTolerance" }
    }

    struct Policy {
        let isPercent: Bool
        let value: Int
        let period: Int
        let path: String

        /// The replicas per second from that many replicas.
        func speed(at replicas: Int) -> Double {
            let step = isPercent ? (Double(replicas) * Double(value) / 100).rounded(.up) : Double(value)
            return step / Double(max(period, 1))
        }

        var rate: JSON { isPercent ? .string("\(value)%") : .integer(Int64(value)) }
        var words: String { "\(isPercent ? "\(value)%" : "\(value) pods") every \(period) s" }
    }

    /// The period of the HPA's default policies.
    private static let defaultPeriod = 15

    func apply(to draft: inout ScalerDraft) {
        convert(Direction(name: "scaleUp", isUp: true), &draft)
        convert(Direction(name: "scaleDown", isUp: false), &draft)
    }

    private func convert(_ direction: Direction, _ draft: inout ScalerDraft) {
        let rules = behavior?[direction.name]
        let path = "\(path).\(direction.name)"
        if let window = rules?["stabilizationWindowSeconds"]?.intValue {
            draft.safety[direction.window] = .integer(Int64(window))
            ledger.converted("\(path).stabilizationWindowSeconds", to: "spec.safety.\(direction.window)")
        }
        if let tolerance = rules?["tolerance"] {
            let number = tolerance.doubleValue ?? tolerance.stringValue.flatMap(Quantity.number)
            if let number, number >= 0, number < 1 {
                draft.policyConfig[direction.tolerance] = number.json
                ledger.converted("\(path).tolerance", to: "spec.policy.config.\(direction.tolerance)")
            } else {
                ledger.refuse("\(path).tolerance", nearest: "a tolerance of 0 to below 1")
            }
        }
        let select = rules?["selectPolicy"]?.stringValue ?? "Max"
        if select == "Disabled" {
            draft.safety[direction.rate] = 0
            let note =
                direction.isUp || idleSeconds == nil
                ? nil : "the scale to 0 replicas of an idle target is still allowed"
            mark("\(path).selectPolicy", "spec.safety.\(direction.rate)", note)
            if rules?["policies"] != nil { ledger.different("\(path).policies", to: "", "disabled by selectPolicy") }
            if !direction.isUp { setIdle(&draft) }
            return
        }
        let policies = self.policies(rules?["policies"], "\(path).policies")
        if let chosen = Self.choose(policies, select, draft) {
            setPolicy(chosen, among: policies, select, direction, path, &draft)
        } else {
            setDefault(direction, &draft)
        }
    }

    private func mark(_ path: String, _ place: String, _ note: String?) {
        if let note { ledger.different(path, to: place, note) } else { ledger.converted(path, to: place) }
    }

    private func policies(_ json: JSON?, _ path: String) -> [Policy] {
        (json?.arrayValue ?? []).enumerated().compactMap { index, policy in
            guard let value = policy["value"]?.intValue, value > 0, let type = policy["type"]?.stringValue else {
                return nil
            }
            return Policy(
                isPercent: type == "Percent", value: value,
                period: policy["periodSeconds"]?.intValue ?? Self.defaultPeriod, path: "\(path)[\(index)]")
        }
    }

    /// The slowest of the policies, at half of the maximum: of `Max`, no policy is faster than the HPA.
    private static func choose(_ policies: [Policy], _ select: String, _ draft: ScalerDraft) -> Policy? {
        let replicas = max(draft.maxReplicas / 2, 1)
        return policies.min { $0.speed(at: replicas) < $1.speed(at: replicas) }
    }

    /// Whether the policies are the HPA's default for a scale-up, which is the default of `maxScaleUpRate` too.
    private static func isDefaultPair(_ policies: [Policy], _ select: String) -> Bool {
        policies.count == 2 && select == "Max" && policies[0].period == policies[1].period
            && policies.contains { $0.isPercent && $0.value == 100 }
            && policies.contains { !$0.isPercent && $0.value == 4 }
    }

    private func setPolicy(
        _ chosen: Policy, among policies: [Policy], _ select: String, _ direction: Direction, _ path: String,
        _ draft: inout ScalerDraft
    ) {
        let isDefaultPair = direction.isUp && Self.isDefaultPair(policies, select)
        let rate = "spec.safety.\(direction.rate)"
        let cooldown = "spec.safety.\(direction.cooldown)"
        if !isDefaultPair {
            let isTooHigh = chosen.isPercent && !direction.isUp && chosen.value > 100
            draft.safety[direction.rate] = isTooHigh ? "100%" : chosen.rate
        }
        draft.safety[direction.cooldown] = .integer(Int64(chosen.period))
        var meanings: [String] = []
        if chosen.period > Self.defaultPeriod {
            meanings.append(
                "the period is the minimum time between two scaling events, while the HPA spreads the change over the period"
            )
        }
        if policies.count > 1, !isDefaultPair {
            let all = policies.map(\.words).joined(separator: ", ")
            meanings.append(
                "one rate per direction: the tightest of \(all) at half of maxReplicas is \(chosen.words) (selectPolicy \(select))"
            )
        }
        for policy in policies {
            let isChosen = policy.path == chosen.path || isDefaultPair
            for (field, place) in [("type", rate), ("value", rate), ("periodSeconds", cooldown)] {
                let meaning = isChosen ? meanings.joined(separator: "; ") : "not used; \(meanings.last ?? "")"
                mark("\(policy.path).\(field)", isChosen ? place : "", meaning.isEmpty ? nil : meaning)
            }
        }
        mark("\(path).selectPolicy", rate, meanings.isEmpty ? nil : meanings.last)
        if !direction.isUp {
            if let idleSeconds, idleSeconds != chosen.period {
                for policy in policies {
                    ledger.different(
                        "\(policy.path).periodSeconds", to: cooldown,
                        "scaleDownCooldownSeconds is also the idle time before 0 replicas: it is cooldownPeriod, \(idleSeconds)"
                    )
                }
            }
            setIdle(&draft)
        }
    }

    /// The HPA's default: up like the default here, down 100% every 15 s.
    private func setDefault(_ direction: Direction, _ draft: inout ScalerDraft) {
        guard !direction.isUp else { return }
        draft.safety[direction.rate] = "100%"
        draft.safety[direction.cooldown] = .integer(Int64(Self.defaultPeriod))
        setIdle(&draft)
        ledger.note(
            "the HPA's default scale-down, 100% every 15 s, is written as maxScaleDownRate and scaleDownCooldownSeconds"
        )
    }

    private func setIdle(_ draft: inout ScalerDraft) {
        if let idleSeconds { draft.safety["scaleDownCooldownSeconds"] = .integer(Int64(idleSeconds)) }
    }
}
