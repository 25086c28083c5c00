import TestSupport
import WireFormats

/// The cluster of the scale benchmark: Deployments and their scalers, each with its own query.
enum ScaleEnvironment {
    static let namespace = "bench"
    static let pollSeconds = 15
    /// The metric value per replica.
    static let target = 10.0
    /// A value that requires the two existing replicas, like every value of ``steadyValues``.
    static let restingValue = 15.0
    static let steadyValues = 12.0..<18.0
    static let restingReplicas = 2
    /// A value that requires more replicas.
    static let risenValue = 75.0

    /// The periods in seconds after which changing values change: drawn per scaler.
    private static let movePeriods: ClosedRange<Int64> = 60...300
    private static let movingValues = 5.0..<60.0

    static func name(_ index: Int) -> String { "app-\(index)" }

    static func query(_ index: Int) -> String { #"sum(rate(http_requests_total{app="\#(name(index))"}[2m]))"# }

    /// Returns the index of the scaler whose query is in an encoded form.
    static func index(inForm form: String) -> Int? {
        let before = ["%22app-", "\"app-"].compactMap { form.firstRange(of: $0) }.first
        return before.flatMap { Int(form[$0.upperBound...].prefix(while: \.isNumber)) }
    }

    /// Returns the changing value of a scaler, which is constant and deterministic in each period.
    static func movingValue(_ index: Int, seconds: Int64) -> Double {
        var random = SplitMix64(seed: UInt64(index))
        let period = Int64.random(in: movePeriods, using: &random)
        var moment = SplitMix64(seed: random.next() ^ UInt64(seconds / period))
        return .random(in: movingValues, using: &moment)
    }

    static func deployment(_ index: Int) -> JSON {
        let labels: JSON = ["app": .string(name(index))]
        return [
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": ["namespace": .string(namespace), "name": .string(name(index)), "labels": labels],
            "spec": [
                "replicas": .integer(Int64(restingReplicas)), "selector": ["matchLabels": labels],
                "template": [
                    "metadata": ["labels": labels],
                    "spec": ["containers": [["name": "app", "image": "app:1"]]],
                ],
            ],
        ]
    }

    /// Returns a scaler whose metric is the length of its list.
    static func listScaler(_ index: Int, redis: String) -> JSON {
        scaler(index, type: "redis", config: ["address": .string(redis), "list": .string(name(index))])
    }

    /// Returns a scaler whose metric is a queue of an external scaler.
    static func queueScaler(_ index: Int, externalScaler: String) -> JSON {
        scaler(
            index, type: "keda-external",
            config: ["address": .string(externalScaler), "metadata": ["queue": .string(name(index))]], target: 1)
    }

    /// - Parameters:
    ///   - safety: the `safety` of its spec; nil for the defaults.
    ///   - forecast: the `forecast` of its spec; nil for none.
    ///   - budgets: the number of budgets, one for each scaler in turn; nil for none.
    static func scaler(
        _ index: Int, source: String, safety: JSON? = nil, forecast: JSON? = nil, budgets: Int? = nil
    ) -> JSON {
        scaler(
            index, type: "prometheus", config: ["address": .string(source), "query": .string(query(index))],
            safety: safety, forecast: forecast, budgets: budgets)
    }

    /// The label of a scaler that has the name of its budget.
    private static let budgetLabel = "budget"
    /// More than a hundred members ask for.
    private static let budgetLimit: Int64 = 1_000

    /// Returns a budget with guarantees and weights that never binds.
    static func budget(_ index: Int) -> JSON {
        let labels: JSON = ["matchLabels": [budgetLabel: .string("budget-\(index)")]]
        return [
            "apiVersion": "autoscaling.example.com/v1", "kind": "ScalingBudget",
            "metadata": ["name": .string("budget-\(index)")],
            "spec": [
                "selector": labels, "limits": [["unit": "replicas", "amount": .integer(budgetLimit)]],
                "sharing": [
                    [
                        "name": "all", "selector": labels, "guarantee": ["replicas": .integer(budgetLimit / 4)],
                        "weight": 2,
                    ]
                ],
            ],
        ]
    }

    private static func scaler(
        _ index: Int, type: String, config: JSON, target: Double = target, safety: JSON? = nil, forecast: JSON? = nil,
        budgets: Int? = nil
    ) -> JSON {
        var metadata: [String: JSON] = ["namespace": .string(namespace), "name": .string(name(index))]
        if let budgets { metadata["labels"] = [budgetLabel: .string("budget-\(index % budgets)")] }
        var spec: [String: JSON] = [
            "targetDeployment": .string(name(index)), "minReplicas": 1, "maxReplicas": 100,
            "pollingIntervalSeconds": .integer(Int64(pollSeconds)),
            "metrics": [
                ["type": .string(type), "targetType": "AverageValue", "targetValue": .number(target), "config": config]
            ],
        ]
        spec["safety"] = safety
        spec["forecast"] = forecast
        return [
            "apiVersion": "autoscaling.example.com/v1", "kind": "GeneralScaler",
            "metadata": .object(metadata),
            "spec": .object(spec),
        ]
    }
}
