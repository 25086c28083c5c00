import HTTPTransport
import WireFormats

/// The sample apps with their metrics.
extension DemoScenario {
    private static let keySecretName = "google-key"

    /// Requests per second and replica, from Prometheus.
    static func httpApp(_ clock: DemoClock, _ http: any HTTPClient, _ prometheus: DemoPrometheus) -> DemoScenario {
        let app = DemoApp(
            name: "http-app", minReplicas: 2, maxReplicas: 10,
            metric: [
                "type": "prometheus", "name": "requests-per-replica",
                "config": ["query": "avg(rate(http_requests_total[5s]))"], "targetValue": 10,
            ])
        let fleet = DemoFleet(name: app.name, arguments: ["--port", "0"], targetsFile: prometheus.targetsFile)
        let load = DemoLoad(clock: clock, fleet: fleet, http: http)
        return DemoScenario(app: app, fleet: fleet, unit: "req/s", amount: { Int(load.rate) }, load: load)
    }

    /// Jobs in a list of Redis, shared by the workers.
    static func worker(_ clock: DemoClock, _ redis: DemoRedis) -> DemoScenario {
        let app = DemoApp(
            name: "worker", minReplicas: 1, maxReplicas: 10,
            metric: [
                "type": "redis", "name": "jobs", "config": ["list": .string(DemoJobs.list)], "targetValue": 8,
            ])
        let fleet = DemoFleet(name: app.name) { number in
            [
                "REDIS_HOST": "127.0.0.1", "REDIS_PORT": "\(redis.port)", "QUEUE": DemoJobs.list,
                "WORKER_NAME": "worker-\(number)",
            ]
        }
        let load = DemoJobs(clock: clock, port: redis.port)
        return DemoScenario(app: app, fleet: fleet, unit: "jobs", amount: { load.waiting }, load: load)
    }

    /// Unacknowledged messages of Pub/Sub, from Cloud Monitoring, with a key in a Secret.
    static func eventQueue(_ google: DemoGoogle, host: String) -> DemoScenario {
        let key: JSON = ["valueFrom": ["secretKeyRef": ["name": .string(keySecretName), "key": "key.json"]]]
        let app = DemoApp(
            name: "event-queue", minReplicas: 1, maxReplicas: 10,
            metric: [
                "type": "pubsub", "name": "messages", "targetValue": 10,
                "config": [
                    "project": .string(DemoGoogle.project), "subscription": .string(DemoGoogle.subscription),
                    "credentials": key,
                ],
            ])
        let fleet = DemoFleet(name: app.name) { _ in
            [
                "PUBSUB_EMULATOR_HOST": host, "PROJECT": DemoGoogle.project, "SUBSCRIPTION": DemoGoogle.subscription,
                "WORK_MILLISECONDS": "250",
            ]
        }
        let messages = google.messages
        return DemoScenario(
            app: app, fleet: fleet, unit: "msgs", amount: { messages.unacknowledged }, load: messages)
    }

    static func keySecret() throws -> JSON {
        [
            "apiVersion": "v1", "kind": "Secret",
            "metadata": [
                "name": .string(keySecretName), "namespace": .string(DemoPlan.namespace),
                "labels": ["autoscaling.example.com/readable": "true"],
            ],
            "stringData": ["key.json": .string(try DemoGoogle.serviceAccountKey().description)],
        ]
    }
}
