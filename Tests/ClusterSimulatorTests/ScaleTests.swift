import ClusterSimulator
import Testing
import WireFormats

@Suite struct ScaleTests {
    private let server: TestServer
    private let path = "\(Sample.deployments)/web/scale"

    init() throws {
        server = try TestServer()
        #expect(server.post(Sample.deployments, Sample.deployment("web")).status == 201)
    }

    private func scale(_ scale: JSON, replicas: JSON) -> JSON {
        var members = scale.objectValue ?? [:]
        members["spec"] = ["replicas": replicas]
        return .object(members)
    }

    @Test("a scale has the replicas, and the selector as text")
    func scaleReplicasSelector() {
        let answer = server.get(path).json
        #expect(answer["kind"] == "Scale")
        #expect(answer["apiVersion"] == "autoscaling/v1")
        #expect(answer["spec"] == ["replicas": 2])
        #expect(answer["status"] == ["replicas": 2, "selector": "app=web"])
    }

    @Test("a PUT with the version read changes the object, and a second one is a conflict")
    func putVersionRead() {
        let update = scale(server.get(path).json, replicas: 3)
        let first = server.put("\(path)?fieldManager=scaler", update)
        #expect((first.status, first.json["spec"]) == (200, ["replicas": 3]))
        let stale = server.put(path, update)
        #expect((stale.status, stale.reason) == (409, "Conflict"))
        #expect(stale.json["details"]?["kind"] == "deployments")
        let object = server.get("\(Sample.deployments)/web").json
        #expect(object["spec"]?["replicas"] == 3)
        #expect(object["metadata"]?["generation"] == 2)
        let owner = object["metadata"]?["managedFields"]?.arrayValue?.first { $0["manager"] == "scaler" }
        #expect(owner?["subresource"] == "scale")
        #expect(owner?["fieldsV1"] == ["f:spec": ["f:replicas": [:]]])
    }

    @Test("a merge patch may carry a resourceVersion")
    func mergePatchCarry() {
        let version = server.get(path).resourceVersion ?? ""
        let patch: JSON = ["metadata": ["resourceVersion": .string(version)], "spec": ["replicas": 5]]
        #expect(server.merge(path, patch).json["spec"] == ["replicas": 5])
        #expect(server.merge(path, patch).status == 409)
        #expect(server.merge(path, ["spec": ["replicas": 6]]).status == 200)
    }

    @Test("negative replicas, other names and missing objects are refused")
    func negativeReplicasNames() {
        let negative = server.merge(path, ["spec": ["replicas": -1]])
        #expect((negative.status, negative.causes) == (422, ["FieldValueInvalid spec.replicas"]))
        #expect(negative.json["details"]?["group"] == "autoscaling")
        #expect(negative.json["details"]?["kind"] == "Scale")
        #expect(server.merge(path, ["spec": ["replicas": "three"]]).causes == ["FieldValueInvalid patch"])
        #expect(server.merge(path, ["metadata": ["name": "other"]]).status == 400)
        let missing = server.get("\(Sample.deployments)/nope/scale")
        #expect((missing.status, missing.reason) == (404, "NotFound"))
        #expect(server.delete(path).status == 405)
    }

    @Test("a custom resource is scaled through the paths of its definition")
    func customResourceScaled() {
        #expect(server.post(Sample.path, Sample.object("a", spec: ["replicas": 2])).status == 201)
        #expect(server.get("\(Sample.path)/a/scale").json["spec"] == ["replicas": 2])
        #expect(server.merge("\(Sample.path)/a/scale", ["spec": ["replicas": 4]]).status == 200)
        let object = server.get("\(Sample.path)/a")
        #expect(object.json["spec"]?["replicas"] == 4)
        #expect(object.generation == 2)
        #expect(server.post(Sample.path, Sample.object("b")).status == 201)
        #expect(server.get("\(Sample.path)/b/scale").status == 500)
    }

    @Test("a kind without a scale subresource has none")
    func kindScaleSubresource() {
        let answer = server.get("/api/v1/namespaces/test/configmaps/x/scale")
        #expect((answer.status, answer.reason) == (404, "NotFound"))
    }
}
