import Scaling
import WireFormats

/// The last decision in the status of a GeneralScaler.
struct StatusView {
    struct Metric {
        let name: String
        let value: Double?
        /// Whether the value is assumed because the source has none.
        let isAssumed: Bool
        let observedAt: Timestamp?
        /// The reason why there is no value.
        let missing: String?
        let target: Double?
        let targetType: MetricSpec.TargetType?
        let recommended: Int?
        /// The most replicas that its source has work for.
        let usefulReplicas: Int?
        /// Whether its source has work, if the source says so itself.
        let isActive: Bool?
        /// The formula that gave the value, with its inputs filled in.
        let filledFormula: String?

        var sentence: String {
            let kind = targetType == .averageValue ? " for each replica" : ""
            let source = filledFormula.map { " (\($0))" } ?? ""
            guard let value else { return "\(name) has no value\(source): \(missing ?? "the reason is unknown")." }
            let asks = recommended.map { ", which asks for \($0)" } ?? ""
            let activity = isActive.map { $0 ? "; its source is active" : "; its source is not active" } ?? ""
            return
                "\(name) was \(value.shortText)\(source) against a target of \((target ?? 0).shortText)\(kind)\(asks)"
                + "\(activity)."
        }
    }

    /// A metric without a target.
    struct Input {
        let name: String
        let value: Double?
        let missing: String?

        var sentence: String {
            value.map { "\(name) was \($0.shortText)." }
                ?? "\(name) has no value: \(missing ?? "the reason is unknown")."
        }
    }

    let reason: String?
    let decidedAt: Timestamp?
    let current: Int?
    let ready: Int?
    let limitedBy: [Cause]
    let metrics: [Metric]
    let inputs: [Input]
    /// Whether every metric is idle, since ``ScalingHistory/lastActiveTime``.
    let isIdle: Bool
    /// The observed generation; nil in a status that was never written.
    let observedGeneration: Int?
    /// The reason why nothing can be decided or applied.
    let obstacle: Blocker.Reason?

    init(_ status: JSON) {
        reason = status["reason"]?.stringValue?.cleaned
        decidedAt = status["lastDecisionTime"]?.stringValue.flatMap(Timestamp.init(rfc3339:))
        current = status["currentReplicas"]?.intValue
        ready = status["readyReplicas"]?.intValue
        limitedBy = (status["limitedBy"]?.arrayValue ?? []).compactMap { $0.stringValue.flatMap(Cause.init) }
        metrics = (status["metrics"]?.arrayValue ?? []).map { metric in
            Metric(
                name: (metric["name"]?.stringValue ?? "").cleaned,
                value: metric["value"]?.doubleValue,
                isAssumed: metric["assumed"] == true,
                observedAt: metric["observedAt"]?.stringValue.flatMap(Timestamp.init(rfc3339:)),
                missing: Self.missing(metric),
                target: metric["target"]?.doubleValue,
                targetType: metric["targetType"]?.stringValue.flatMap(MetricSpec.TargetType.init),
                recommended: metric["recommended"]?.intValue,
                usefulReplicas: metric["usefulReplicas"]?.intValue,
                isActive: metric["active"]?.boolValue,
                filledFormula: metric["filledFormula"]?.stringValue?.cleaned
            )
        }
        inputs = (status["inputs"]?.arrayValue ?? []).map { input in
            Input(
                name: (input["name"]?.stringValue ?? "").cleaned, value: input["value"]?.doubleValue,
                missing: Self.missing(input))
        }
        isIdle = status["idle"] == true
        observedGeneration = status["observedGeneration"]?.intValue
        obstacle =
            (status["conditions"]?.arrayValue ?? []).lazy
            .filter { $0["type"]?.stringValue == Condition.Kind.ready.rawValue && $0["status"] == "False" }
            .compactMap { $0["reason"]?.stringValue.flatMap(Blocker.Reason.init) }.first
    }

    private static func missing(_ metric: JSON) -> String? {
        (metric["noData"]?.stringValue ?? metric["error"]?.stringValue)?.cleaned
    }
}
