import ClusterSimulator
import TestSupport
import Testing
import WireFormats

@Suite struct WorkloadTests {
    private let server: TestServer
    private let path = "\(Sample.deployments)/web"

    init() throws {
        server = try TestServer { $0.workloadStartupDelay = .seconds(5) }
        #expect(server.post(Sample.deployments, Sample.deployment("web")).status == 201)
    }

    private var status: JSON { server.get(path).json["status"] ?? .null }

    private func condition(_ type: String) -> JSON? {
        status["conditions"]?.arrayValue?.first { $0["type"]?.stringValue == type }
    }

    @Test("pods are ready after the start-up delay, and not before")
    func podsReadyStart() {
        #expect(status["replicas"] == 2)
        #expect(status["observedGeneration"] == 1)
        // Like the real server, the status omits a count of 0.
        #expect(status["readyReplicas"] == nil)
        #expect(condition("Available")?["status"] == "False")
        server.advance(.milliseconds(4_999))
        #expect(status["readyReplicas"] == nil)
        server.advance(.milliseconds(1))
        #expect(status["readyReplicas"] == 2)
        #expect(status["unavailableReplicas"] == nil)
        #expect(condition("Available")?["status"] == "True")
        #expect(condition("Available")?["lastTransitionTime"] == "2026-01-01T00:00:05Z")
    }

    @Test("added pods wait for their own delay, and the youngest pods are removed first")
    func addedPodsWait() {
        server.advance(.seconds(5))
        #expect(server.merge("\(path)/scale", ["spec": ["replicas": 5]]).status == 200)
        #expect((status["replicas"], status["readyReplicas"]) == (5, 2))
        server.advance(.seconds(2))
        #expect(server.merge("\(path)/scale", ["spec": ["replicas": 3]]).status == 200)
        #expect((status["replicas"], status["readyReplicas"]) == (3, 2))
        server.advance(.seconds(3))
        #expect((status["readyReplicas"], status["observedGeneration"]) == (3, 3))
        #expect(server.merge("\(path)/scale", ["spec": ["replicas": 0]]).status == 200)
        #expect((status["replicas"], status["readyReplicas"]) == (nil, nil))
    }

    @Test("a new pod template is rolled out after the delay")
    func newPodTemplate() {
        server.advance(.seconds(5))
        #expect(status["updatedReplicas"] == 2)
        let patch: JSON = [["op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "new"]]
        #expect(server.jsonPatch(path, patch).generation == 2)
        #expect((status["updatedReplicas"], status["readyReplicas"]) == (nil, 2))
        server.advance(.seconds(5))
        #expect(status["updatedReplicas"] == 2)
        let revision = server.get(path).json["metadata"]?["annotations"]?["deployment.kubernetes.io/revision"]
        #expect(revision == "2")
    }

    @Test("a test can freeze and complete workload statuses")
    func testFreezeComplete() {
        server.api.freezeWorkloads()
        server.advance(.seconds(60))
        #expect(status["readyReplicas"] == nil)
        #expect(server.merge("\(path)/scale", ["spec": ["replicas": 4]]).status == 200)
        #expect(status["replicas"] == 2)
        server.api.completeWorkloads()
        #expect((status["replicas"], status["readyReplicas"]) == (4, 4))
        #expect(server.merge("\(path)/scale", ["spec": ["replicas": 6]]).status == 200)
        server.api.thawWorkloads()
        #expect((status["replicas"], status["readyReplicas"]) == (6, 4))
        server.advance(.seconds(5))
        #expect(status["readyReplicas"] == 6)
    }

    @Test("the server reports when its next timer is due")
    func serverReportsNext() {
        let start = server.clock.wallMicroseconds()
        #expect(server.api.nextDeadline == start + 5_000_000)
        server.advance(.seconds(5))
        #expect(server.api.nextDeadline == nil)
    }

    @Test("a StatefulSet becomes ready too")
    func statefulSetsBecomeReady() {
        var object = Sample.deployment("db", replicas: 3).objectValue!
        object["kind"] = "StatefulSet"
        #expect(server.post("/apis/apps/v1/namespaces/test/statefulsets", .object(object)).status == 201)
        server.advance(.seconds(5))
        let status = server.get("/apis/apps/v1/namespaces/test/statefulsets/db").json["status"]
        #expect((status?["replicas"], status?["readyReplicas"]) == (3, 3))
    }
}
