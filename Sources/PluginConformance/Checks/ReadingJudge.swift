import PluginProtocol
import WireFormats

/// Holds a reading to the rules about its value and its time.
enum ReadingJudge {
    static func judge(_ json: JSON, _ context: CheckContext) {
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
            let rule: RuleID = error.path == "observedAt" ? .observedAt : .readingShape
            context.note(rule, "the reading is wrong: \(error)", evidence: json, fix: Fix.of(error, in: json))
        }
    }

    /// What is wrong with when a reading was observed; nil where nothing is.
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
        let name = declared == nil ? "that hold for a metric type without maxAgeMs" : "of the metric type's maxAgeMs"
        return (
            "observedAt is \(Conversation.text(age)) old, older than the \(Conversation.text(limit)) \(name): the "
                + "operator can take it as no data",
            declared == nil
                ? "write \"maxAgeMs\" into the metric type where the source has new values this seldom; write the present "
                    + "where the source has no time of its own"
                : "raise maxAgeMs to how seldom the source has new values, or answer the error 1006 for a value this old"
        )
    }
}
