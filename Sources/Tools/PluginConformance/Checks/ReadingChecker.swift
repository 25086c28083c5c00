import PluginProtocol
import WireFormats

/// Checks a reading against the rules about its value and its time.
enum ReadingChecker {
    static func check(_ json: JSON, _ context: CheckContext) {
        let value = json["value"]
        if value?.doubleValue == nil, json.objectValue != nil {
            let shape = value?.shapeName ?? "missing"
            return context.note(.finiteValue, "the value is \(shape)", evidence: json, fix: Fix.of(value: value))
        }
        do throws(JSONPathError) {
            let reading = try MetricReading(JSONReader(json))
            if let fault = faultOfTime(reading, context) {
                context.note(.observedAt, fault.message, evidence: json, fix: fault.fix)
            }
        } catch {
            let rule: RuleID =
                switch error.path {
                case "observedAt": .observedAt
                case "usefulReplicas": .usefulReplicas
                case "active": .activity
                default: .readingShape
                }
            context.note(rule, "the reading is invalid: \(error)", evidence: json, fix: Fix.of(error, in: json))
        }
    }

    /// What is wrong with the time of a reading; nil if nothing is.
    static func faultOfTime(_ reading: MetricReading, _ context: CheckContext) -> (message: String, fix: String)? {
        let age = Duration.microseconds(CheckContext.now() - reading.observedAtMicroseconds)
        if age < .zero - ProtocolLimits.maxClockSkew {
            return (
                "observedAt is \(Conversation.text(.zero - age)) in the future: the operator takes it as no data",
                "write the time in UTC with Z, or with its offset such as +02:00, and check the clock of the source"
            )
        }
        let declared = (try? context.metricType())?.maxAgeMs
        let limit = declared.map { Duration.milliseconds($0) } ?? ProtocolLimits.defaultMaxAge
        guard age > limit + ConformanceLimits.slack else { return nil }
        let name = declared == nil ? "that apply to a metric type without maxAgeMs" : "of the metric type's maxAgeMs"
        return (
            "observedAt is \(Conversation.text(age)) old, older than the \(Conversation.text(limit)) \(name): the "
                + "operator can take it as no data",
            declared == nil
                ? "declare \"maxAgeMs\" in the metric type if the source updates this rarely; use the present time if the "
                    + "source has no time"
                : "raise maxAgeMs to the interval at which the source updates, or answer the error 1006 for a value this old"
        )
    }
}
