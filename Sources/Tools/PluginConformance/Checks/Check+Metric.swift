import PluginProtocol
import WireFormats

extension Check {
    static let metric: [Check] = [
        // Any answer is accepted if it is in time.
        Check(.deadline) { context throws(Stop) in
            _ = try context.call(.getMetricValue, context.valueParams(context.goodConfig()))
        },
        Check(.readingShape, .finiteValue, .observedAt, .usefulReplicas, .activity) { context throws(Stop) in
            switch try context.call(.getMetricValue, context.valueParams(context.goodConfig())) {
            case .error(let error): throw .skip(sourceGivesNoValue(error))
            case .result(let json):
                context.hasReadValue = json["value"]?.doubleValue?.isFinite == true
                ReadingChecker.check(json, context)
            }
        },
        Check(.targetTypes, .internalErrors) { context throws(Stop) in
            for targetType in TargetType.allCases {
                let params = try context.valueParams(context.goodConfig(), targetType: targetType)
                guard let error = try context.call(.getMetricValue, params).error else { continue }
                if error.kind == .invalidParams {
                    context.note(.targetTypes, "\(targetType.rawValue) is refused", evidence: error.json)
                }
                context.noteInternal(error, .getMetricValue)
            }
        },
        Check(.batch) { context throws(Stop) in
            guard context.handshake?.capabilities.batch == true else {
                throw .skip("the plugin has no capability batch")
            }
            let config = try context.goodConfig()
            let type = try context.metricType()
            let request: JSON = ["config": config, "targetType": .string(type.defaultTargetType.rawValue)]
            let wrong = request.setting("config", to: context.withUnknownKey(config))
            let count = ConformanceLimits.batchSize
            let params: JSON = [
                "type": .string(type.type), "requests": .array(Array(repeating: request, count: count - 1) + [wrong]),
                "deadlineMs": .integer(context.times.deadlineMs),
            ]
            switch try context.call(.getMetricValues, params) {
            case .error(let error):
                context.note(.batch, "get_metric_values is answered with one error", evidence: error.json)
            case .result(let json): judgeBatch(json, count: count, context)
            }
        },
        Check(.range) { context throws(Stop) in
            guard context.handshake?.capabilities.range == true else {
                throw .skip("the plugin has no capability range")
            }
            let window = CheckContext.lastHour()
            let params = try context.rangeParams(context.goodConfig(), window: window)
            switch try context.call(.getMetricRange, params) {
            case .error(let error) where error.kind == .methodNotFound || error.kind == .invalidParams:
                context.note(.range, "get_metric_range is refused", evidence: error.json)
            case .error(let error):
                context.noteInternal(error, .getMetricRange)
                throw .skip(sourceGivesNoValue(error))
            case .result(let json): judgeRange(json, window, context)
            }
        },
    ]

    private static func sourceGivesNoValue(_ error: AnswerError) -> String {
        if error.kind == .internalError { return "the plugin itself fails: see \(RuleID.internalErrors.label)" }
        return
            "the call is answered with an error, which is allowed (\(error.summary)): give --config of a source that answers"
    }

    private static func judgeBatch(_ json: JSON, count: Int, _ context: CheckContext) {
        guard let answers = json["answers"]?.arrayValue, answers.count == count else {
            context.note(.batch, "answers is not an array of \(count)", evidence: json)
            return
        }
        for (index, answer) in answers.enumerated() {
            if let error = answer["error"] {
                if let fault = AnswerError(error).fault {
                    context.note(.batch, "answers[\(index)]: \(fault)", evidence: json)
                }
                if index < count - 1 { context.noteInternal(AnswerError(error), .getMetricValues) }
            } else if index == count - 1 {
                context.note(.batch, "the last config is wrong, and its answer is a value", evidence: json)
            } else if let reading = try? MetricReading(JSONReader(answer)) {
                if let fault = ReadingChecker.faultOfTime(reading, context) {
                    context.note(.observedAt, "answers[\(index)]: \(fault.message)", evidence: json, fix: fault.fix)
                }
            } else {
                context.note(.batch, "answers[\(index)] is neither a reading nor an error", evidence: json)
            }
        }
    }

    static func judgeRange(_ json: JSON, _ window: RangeWindow, _ context: CheckContext) {
        do throws(JSONPathError) {
            let points = try MetricRange(JSONReader(json)).points
            if points.isEmpty { context.note(.range, "there are no points: that is the error 1006", evidence: json) }
            let halfStep = Int64(window.stepSeconds) * 500_000
            let span = window.fromMicroseconds - halfStep...window.toMicroseconds + halfStep
            if points.contains(where: { !span.contains($0.atMicroseconds) }) {
                context.note(.range, "a point is outside of the window", evidence: json)
            }
        } catch {
            context.note(.range, "the history is invalid: \(error)", evidence: json, fix: Fix.of(error, in: json))
        }
    }
}
