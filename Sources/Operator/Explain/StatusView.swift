import Scaling
import WireFormats

/// What the status of a GeneralScaler says of its last decision.
struct StatusView {
    struct Metric {
        let name: String
        let value: Double?
        let observedAt: Timestamp?
        /// Why there is no value.
        let missing: String?
        let target: Double?
        let targetType: MetricSpec.TargetType?
        let recommended: Int?

        var sentence: String {
            let kind = targetType == .averageValue ? " for each replica" : ""
            guard let value else { return "\(name) has no value: \(missing ?? "nobody knows why")." }
            let asks = recommended.map { ", which asks for \($0)" } ?? ""
            return "\(name) was \(value.shortText) against a target of \((target ?? 0).shortText)\(kind)\(asks)."
        }
    }

    let reason: String?
    let decidedAt: Timestamp?
    let current: Int?
    let ready: Int?
    let limitedBy: [Cause]
    let metrics: [Metric]

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
                observedAt: metric["observedAt"]?.stringValue.flatMap(Timestamp.init(rfc3339:)),
                missing: (metric["noData"]?.stringValue ?? metric["error"]?.stringValue)?.cleaned,
                target: metric["target"]?.doubleValue,
                targetType: metric["targetType"]?.stringValue.flatMap(MetricSpec.TargetType.init),
                recommended: metric["recommended"]?.intValue
            )
        }
    }
}
