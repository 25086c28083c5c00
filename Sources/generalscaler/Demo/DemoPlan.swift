import WireFormats

/// The numbers of the demo: what load there is when, and how the scaler is told to follow it.
struct DemoPlan: Sendable {
    /// Seconds from the first request to the summary.
    let seconds: Double

    static let namespace = "demo"
    static let name = "http-app"
    static let lowRate = 12.0
    static let highRate = 70.0
    static let minReplicas = 2
    static let maxReplicas = 10
    /// Requests per second that one replica is meant to take.
    static let ratePerReplica = 10.0

    /// Requests per second in all, `time` seconds after the start: low, a rise, a plateau, a fall, low.
    func rate(at time: Double) -> Double {
        let share = time / seconds
        let height =
            switch share {
            case ..<0.1: 0.0
            case ..<0.35: (share - 0.1) / 0.25
            case ..<0.5: 1.0
            case ..<0.65: (0.65 - share) / 0.15
            default: 0.0
            }
        return Self.lowRate + (Self.highRate - Self.lowRate) * height
    }

    static let deployment: JSON = [
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": ["name": .string(name), "namespace": .string(namespace)],
        "spec": [
            "replicas": .integer(Int64(minReplicas)),
            "selector": ["matchLabels": ["app": .string(name)]],
            "template": [
                "metadata": ["labels": ["app": .string(name)]],
                "spec": ["containers": [["name": "app", "image": "http-app"]]],
            ],
        ],
    ]

    /// Reacts within seconds where a production scaler would take minutes; everything else is as in production.
    static let scaler: JSON = [
        "apiVersion": "autoscaling.example.com/v1", "kind": "GeneralScaler",
        "metadata": ["name": "http-app-scaler", "namespace": .string(namespace)],
        "spec": [
            "targetDeployment": .string(name),
            "minReplicas": .integer(Int64(minReplicas)), "maxReplicas": .integer(Int64(maxReplicas)),
            "pollingIntervalSeconds": 2,
            "metrics": [
                [
                    "type": "prometheus", "name": "requests-per-replica",
                    "config": ["query": "avg(rate(http_requests_total[5s]))"],
                    "targetValue": .number(ratePerReplica),
                ]
            ],
            "policy": ["type": "slo"],
            "safety": [
                "scaleUpCooldownSeconds": 4, "scaleDownCooldownSeconds": 8, "maxScaleUpRate": 3, "maxScaleDownRate": 2,
                "scaleDownStabilizationSeconds": 8,
            ],
        ],
    ]
}
