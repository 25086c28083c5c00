package import Scaling
package import WireFormats

extension Decision {
    /// The decision record as JSON, identical everywhere.
    package var json: JSON {
        var record: [String: JSON] = [
            "time": .string(time.rfc3339()),
            "current": .integer(Int64(current)),
            "recommended": .integer(Int64(recommended)),
            "desired": .integer(Int64(desired)),
            "metrics": .array(metrics.map(\.json)),
            "limitedBy": .array(limitedBy.map { .string($0.rawValue) }),
            "reason": .string(reason),
        ]
        if let ready { record["ready"] = .integer(Int64(ready)) }
        if let budget {
            record["budget"] = [
                "costPerHour": .number(budget.costPerHour), "maxCostPerHour": .number(budget.maxCostPerHour),
                "cap": .integer(Int64(budget.cap)), "overspendPerHour": .number(budget.overspendPerHour),
            ]
        }
        if isPushed { record["pushed"] = true }
        return .object(record)
    }
}

extension MetricRecord {
    package var json: JSON {
        var record: [String: JSON] = [
            "name": .string(name), "target": .number(target), "targetType": .string(targetType.rawValue),
        ]
        switch observation {
        case .value(let value, let observedAt):
            record["value"] = .number(value)
            record["observedAt"] = .string(observedAt.rfc3339())
        case .assumed(let value, let observedAt):
            record["value"] = .number(value)
            record["assumed"] = true
            record["observedAt"] = .string(observedAt.rfc3339())
        case .noData(let why): record["noData"] = .string(why)
        case .failed(let why): record["error"] = .string(why)
        }
        if let ratio, ratio.isFinite { record["ratio"] = .number(ratio) }
        if let recommended { record["recommended"] = .integer(Int64(recommended)) }
        return .object(record)
    }
}
