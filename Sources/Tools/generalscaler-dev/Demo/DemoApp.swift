import KubernetesClient
import WireFormats

/// A sample app, as deployed and scaled by the demo.
struct DemoApp: Sendable {
    /// The name of the program, the Deployment and, with the suffix `-scaler`, the GeneralScaler.
    let name: String
    let minReplicas: Int
    let maxReplicas: Int
    /// The only entry of `spec.metrics`.
    let metric: JSON

    var scalerName: String { "\(name)-scaler" }

    var deployment: JSON {
        [
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": ["name": .string(name), "namespace": .string(DemoPlan.namespace)],
            "spec": [
                "replicas": .integer(Int64(minReplicas)),
                "selector": ["matchLabels": ["app": .string(name)]],
                "template": [
                    "metadata": ["labels": ["app": .string(name)]],
                    "spec": ["containers": [["name": "app", "image": .string(name)]]],
                ],
            ],
        ]
    }

    /// The GeneralScaler, with times of seconds in place of minutes; everything else is as in production.
    var scaler: JSON {
        [
            "apiVersion": "autoscaling.example.com/v1", "kind": "GeneralScaler",
            "metadata": ["name": .string(scalerName), "namespace": .string(DemoPlan.namespace)],
            "spec": [
                "targetDeployment": .string(name),
                "minReplicas": .integer(Int64(minReplicas)), "maxReplicas": .integer(Int64(maxReplicas)),
                "pollingIntervalSeconds": 2,
                "metrics": [metric],
                "policy": ["type": "slo"],
                "safety": [
                    "scaleUpCooldownSeconds": 4, "scaleDownCooldownSeconds": 8, "maxScaleUpRate": 3,
                    "maxScaleDownRate": 2, "scaleDownStabilizationSeconds": 8,
                ],
            ],
        ]
    }
}

extension DemoApp {
    /// Returns the reason why a scaler does not do what it was asked to; nil if it does.
    ///
    /// - Parameter status: of the GeneralScaler.
    static func problem(_ status: JSON?) -> String? {
        let ready = status?["conditions"]?.arrayValue?.first { $0["type"] == "Ready" }
        return ready?["status"] == "False" ? ready?["message"]?.stringValue : nil
    }
}

/// A running app: its instances, its load, and the amount of it.
struct DemoScenario: Sendable {
    let app: DemoApp
    let fleet: DemoFleet
    /// The unit of the displayed load, such as `req/s`.
    let unit: String
    /// The currently displayed load.
    let amount: @Sendable () -> Int
    /// Generates the load.
    let load: any DemoWork

    var column: DemoColumn {
        DemoColumn(
            name: app.name, scaler: ObjectKey(namespace: DemoPlan.namespace, name: app.scalerName),
            minReplicas: app.minReplicas, maxReplicas: app.maxReplicas, unit: unit, amount: amount,
            summary: { [load] in load.summary })
    }
}

/// What is displayed of an app.
struct DemoColumn: Sendable {
    let name: String
    let scaler: ObjectKey
    let minReplicas: Int
    let maxReplicas: Int
    /// The unit of the displayed load, such as `req/s`.
    let unit: String
    /// The currently displayed load.
    let amount: @Sendable () -> Int
    /// What the summary says of the load.
    let summary: @Sendable () -> String
}
