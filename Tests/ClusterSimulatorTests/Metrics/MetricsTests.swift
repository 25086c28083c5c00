import ClusterSimulator
import Testing
import WireFormats

@Suite("The metrics APIs")
struct MetricsTests {
    private let server: TestServer

    init() throws {
        server = try TestServer {
            $0.createsPods = true
            $0.workloadStartupDelay = .seconds(2)
        }
    }

    private static let pods = "/apis/metrics.k8s.io/v1beta1/namespaces/test/pods"

    private func deploy(_ name: String = "web", replicas: Int64) throws {
        try server.api.apply([
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": ["name": .string(name), "namespace": "test"],
            "spec": [
                "replicas": .integer(replicas), "selector": ["matchLabels": ["app": .string(name)]],
                "template": [
                    "metadata": ["labels": ["app": .string(name)]],
                    "spec": ["containers": [["name": "app", "image": "app:1"]]],
                ],
            ],
        ])
    }

    private func names(_ answer: Answer) -> [String] {
        (answer.json["items"]?.arrayValue ?? []).compactMap { $0["metadata"]?["name"]?.stringValue }
    }

    private func serve() {
        server.api.serveResourceMetrics { pods in
            let names = pods.compactMap { $0["metadata"]?["name"]?.stringValue }
            return Dictionary(
                uniqueKeysWithValues: names.map { ($0, PodUsage(["app": ["cpu": "7m", "memory": "3Mi"]])) })
        }
    }

    @Test("a group without a server is not found, and is not listed")
    func absent() {
        for group in ["metrics.k8s.io", "custom.metrics.k8s.io", "external.metrics.k8s.io"] {
            let answer = server.get("/apis/\(group)/v1beta1/namespaces/test/pods")
            #expect(answer.status == 404)
            #expect(server.get("/apis/\(group)").status == 404)
        }
        #expect(!"\(server.get("/apis").json)".contains("metrics.k8s.io"))
        serve()
        #expect("\(server.get("/apis").json)".contains("metrics.k8s.io/v1beta1"))
        let resources = server.get("/apis/metrics.k8s.io/v1beta1").json["resources"]
        #expect(resources?[0]?["name"] == "pods" && resources?[0]?["verbs"] == ["get", "list"])
    }

    @Test("annotations of a Deployment set what its running pods use together")
    func annotated() throws {
        server.api.serveAnnotatedMetrics()
        try deploy(replicas: 3)
        server.api.completeWorkloads()
        func usage() -> [JSON] {
            (server.get(Self.pods).json["items"]?.arrayValue ?? []).compactMap { $0["containers"]?[0]?["usage"] }
        }
        #expect(usage() == Array(repeating: ["cpu": "1000000n", "memory": "16777216"], count: 3))
        for (cpu, memory, share) in [
            ("1500m", "3Gi", ["cpu": "500000000n", "memory": "1073741824"]),
            ("0.1", "7", ["cpu": "33333333n", "memory": "2"]),
            ("-1", "3Gib", ["cpu": "1000000n", "memory": "16777216"]),
        ] as [(String, String, JSON)] {
            _ = try server.api.patch(
                "/apis/apps/v1/namespaces/test/deployments/web",
                [
                    "metadata": [
                        "annotations": [
                            "generalscaler-dev/cpu": .string(cpu), "generalscaler-dev/memory": .string(memory),
                        ]
                    ]
                ])
            #expect(usage() == Array(repeating: share, count: 3))
        }
    }

    @Test("pods of a Deployment exist, become ready after the delay, and go with it")
    func podObjects() throws {
        try deploy(replicas: 3)
        let path = "/api/v1/namespaces/test/pods"
        #expect(names(server.get(path)) == ["web-0", "web-1", "web-2"])
        let young = server.get("\(path)/web-0").json
        #expect(young["status"]?["phase"] == "Pending" && young["metadata"]?["labels"] == ["app": "web"])
        #expect(young["metadata"]?["ownerReferences"]?[0]?["kind"] == "Deployment")
        server.advance(.seconds(2))
        let ready = server.get("\(path)/web-0").json
        #expect(ready["status"]?["phase"] == "Running" && ready["status"]?["conditions"]?[0]?["status"] == "True")
        #expect(ready["metadata"]?["uid"] == young["metadata"]?["uid"])
        try deploy(replicas: 1)
        #expect(names(server.get(path)) == ["web-0"])
        #expect(server.delete("/apis/apps/v1/namespaces/test/deployments/web").status == 200)
        #expect(names(server.get(path)).isEmpty)
    }

    @Test("only running pods have metrics, by labels or by name, and nothing can be watched or written")
    func resources() throws {
        serve()
        try deploy(replicas: 2)
        try deploy("api", replicas: 1)
        #expect(names(server.get(Self.pods)).isEmpty)
        server.advance(.seconds(2))
        #expect(names(server.get(Self.pods)) == ["api-0", "web-0", "web-1"])
        #expect(names(server.get("\(Self.pods)?labelSelector=app%3Dweb")) == ["web-0", "web-1"])
        #expect(names(server.get("/apis/metrics.k8s.io/v1beta1/pods")).count == 3)
        let item = server.get("\(Self.pods)/web-1").json
        #expect(item["kind"] == "PodMetrics" && item["window"] == "15.021s")
        #expect(item["containers"] == [["name": "app", "usage": ["cpu": "7m", "memory": "3Mi"]]])
        let missing = server.get("\(Self.pods)/web-9")
        #expect((missing.status, missing.reason) == (404, "NotFound"))
        #expect(missing.json["message"] == #"podmetrics.metrics.k8s.io "test/web-9" not found"#)
        #expect(server.get("\(Self.pods)?labelSelector=a%20b").status == 400)
        #expect(server.get("\(Self.pods)?watch=true").status == 405)
        #expect(server.delete("\(Self.pods)/web-1").status == 405)
        #expect(server.get(Self.pods, headers: ["accept": "text/html"]).status == 406)
    }

    @Test("custom metrics are of pods, of one object or of the namespace, in the versions that are served")
    func custom() throws {
        try deploy(replicas: 2)
        server.api.serveCustomMetrics(versions: ["v1beta2"])
        server.api.setCustomMetric("rps", of: "pods", "web-1", in: "test", to: "1500m")
        server.api.setCustomMetric("rps", of: "ingresses.networking.k8s.io", "web", in: "test", to: "3")
        server.api.setCustomMetric("jobs", of: "namespaces", "test", in: "test", to: "4")
        let base = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/test"
        let pods = server.get("\(base)/pods/*/rps?labelSelector=app%3Dweb").json["items"]
        #expect(pods?.arrayValue?.count == 1)
        #expect(pods?[0]?["describedObject"]?["name"] == "web-1" && pods?[0]?["value"] == "1500m")
        #expect(pods?[0]?["metric"]?["name"] == "rps")
        #expect(server.get("\(base)/ingresses.networking.k8s.io/web/rps").json["items"]?[0]?["value"] == "3")
        #expect(server.get("\(base)/metrics/jobs").json["items"]?[0]?["value"] == "4")
        #expect(server.get("\(base)/pods/*/other").status == 404)
        #expect(server.get("\(base)/services/web/rps").status == 404)
        #expect(server.get("/apis/custom.metrics.k8s.io/v1beta1/namespaces/test/pods/*/rps").status == 404)
        #expect(server.get("/apis/custom.metrics.k8s.io").json["preferredVersion"]?["version"] == "v1beta2")
    }

    @Test("external metrics are of a namespace, by the labels of their series")
    func external() {
        server.api.serveExternalMetrics()
        server.api.setExternalMetric(
            "orders", in: "test", to: [.init(labels: ["a": "b"], value: "1"), .init(value: "2")])
        let path = "/apis/external.metrics.k8s.io/v1beta1/namespaces/test/orders"
        #expect(server.get(path).json["items"]?.arrayValue?.count == 2)
        #expect(server.get("\(path)?labelSelector=a%3Db").json["items"]?[0]?["value"] == "1")
        #expect(server.get("/apis/external.metrics.k8s.io/v1beta1/namespaces/other/orders").status == 404)
        #expect(
            server.get("\(path)s").json["message"]?.stringValue?.contains("could not find the metric orderss") == true)
    }
}
