import WireFormats

/// One of the sample apps, as the demo deploys and scales it.
struct DemoApp: Sendable {
    /// Of the program, the Deployment and, with `-scaler` behind it, of the GeneralScaler.
    let name: String
    let minReplicas: Int
    let maxReplicas: Int
    /// The one entry of `spec.metrics`.
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

    /// Reacts within seconds where a production scaler would take minutes; everything else is as in production.
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

/// An app at work: its instances, what it has to do, and how much of that there is.
struct DemoScenario: Sendable {
    let app: DemoApp
    let fleet: DemoFleet
    /// What is shown of the load, such as `req/s`.
    let unit: String
    /// What is shown of it now.
    let amount: @Sendable () -> Int
    /// Makes the load.
    let load: any DemoWork
}
