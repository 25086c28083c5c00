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
        record["budget"] = costJSON
        if let sharedBudget, !sharedBudget.isUnread { record["sharedBudget"] = sharedBudget.json }
        if !inputs.isEmpty { record["inputs"] = .array(inputs.map(\.json)) }
        if !scheduled.isEmpty { record["schedules"] = .array(scheduled.map(\.json)) }
        if !forecasts.isEmpty { record["forecasts"] = .array(forecasts.map(\.json)) }
        if isPushed { record["pushed"] = true }
        return .object(record)
    }
}

extension Decision {
    /// The member `budget` of the record: the cost against the policy's limit.
    package var costJSON: JSON? {
        budget.map { budget in
            [
                "costPerHour": .number(budget.costPerHour), "maxCostPerHour": .number(budget.maxCostPerHour),
                "cap": .integer(Int64(budget.cap)), "overspendPerHour": .number(budget.overspendPerHour),
            ]
        }
    }
}

extension SharedBudgetCap {
    var json: JSON {
        var members: [String: JSON] = ["budget": .string(budget), "cap": .integer(Int64(replicas))]
        if isImmediate {
            members["immediate"] = true
        } else if let immediateReplicas {
            members["immediateCap"] = .integer(Int64(immediateReplicas))
        }
        if !state.isEmpty { members["state"] = .string(state) }
        return .object(members)
    }
}

extension ScheduledValue {
    var json: JSON {
        [
            "schedule": .string(schedule), "field": .string(field.path),
            "value": field.isTarget ? .number(value) : .integer(Int64(value)),
            "until": .string(until.rfc3339()), "timeZone": .string(timeZone),
        ]
    }
}

extension ForecastRecord {
    var json: JSON {
        var record: [String: JSON] = [
            "metric": .string(metric), "active": .bool(isActive), "reason": .string(reason),
            "load": .number(forecast.load), "expected": .number(forecast.expected), "upper": .number(forecast.upper),
            "horizonSeconds": .integer(forecast.horizon.components.seconds),
            "pattern": .string(forecast.pattern.rawValue), "replicas": .integer(Int64(replicas)),
        ]
        if let skill = forecast.skill { record["skill"] = .number(skill) }
        return .object(record)
    }
}

extension MetricRecord {
    package var json: JSON {
        var record = observation.members
        record["name"] = .string(name)
        record["target"] = .number(target)
        record["targetType"] = .string(targetType.rawValue)
        if let formula {
            record["formula"] = .string(formula.text)
            record["filledFormula"] = .string(formula.filled)
        }
        if let ratio, ratio.isFinite { record["ratio"] = .number(ratio) }
        if let recommended { record["recommended"] = .integer(Int64(recommended)) }
        if let usefulReplicas { record["usefulReplicas"] = .integer(Int64(usefulReplicas)) }
        if let isActive { record["active"] = .bool(isActive) }
        return .object(record)
    }
}

extension InputRecord {
    package var json: JSON { .object(observation.members.merging(["name": .string(name)]) { $1 }) }
}

extension MetricObservation {
    fileprivate var members: [String: JSON] {
        switch self {
        case .value(let value, let observedAt):
            ["value": .number(value), "observedAt": .string(observedAt.rfc3339())]
        case .assumed(let value, let observedAt):
            ["value": .number(value), "assumed": true, "observedAt": .string(observedAt.rfc3339())]
        case .noData(let why): ["noData": .string(why)]
        case .failed(let why): ["error": .string(why)]
        }
    }
}
