import ClusterSimulator
import Testing
import WireFormats

@Suite struct ApplyTests {
    private let server: TestServer
    private let path = "\(Sample.path)/ssa"

    init() throws {
        server = try TestServer()
    }

    @Test("an apply creates an object, and the same apply again changes nothing")
    func applyCreatesObject() {
        let first = server.apply(path, Sample.object("ssa"), by: "one")
        #expect((first.status, first.generation) == (201, 1))
        #expect(first.json["spec"]?["min"] == 1)
        let fields = first.json["metadata"]?["managedFields"]?[0]
        #expect(fields?["operation"] == "Apply")
        // A default has no owner.
        #expect(fields?["fieldsV1"] == ["f:spec": ["f:max": [:], "f:metrics": [:]]])
        let again = server.apply(path, Sample.object("ssa"), by: "one")
        #expect((again.status, again.resourceVersion) == (200, first.resourceVersion))
    }

    @Test("an apply to a field of another manager is a conflict unless forced")
    func applyFieldManager() {
        #expect(server.apply(path, Sample.object("ssa"), by: "one").status == 201)
        let other = Sample.object("ssa", max: 3)
        let conflict = server.apply(path, other, by: "two")
        #expect((conflict.status, conflict.reason) == (409, "Conflict"))
        // The list is owned as a whole, and the live one has a default that the applied one does not have.
        #expect(conflict.causes.contains("FieldManagerConflict .spec.max"))
        let forced = server.apply(path, other, by: "two", force: true)
        #expect((forced.status, forced.generation) == (200, 2))
        let owners = forced.json["metadata"]?["managedFields"]?.arrayValue ?? []
        #expect(owners.map { $0["manager"]?.stringValue } == ["one", "two"])
        #expect(owners[0]["fieldsV1"] == ["f:spec": ["f:metrics": [:]]])
        #expect(owners[1]["fieldsV1"] == ["f:spec": ["f:max": [:], "f:metrics": [:]]])
    }

    @Test("an ordinary write takes ownership of its fields, so a later apply conflicts")
    func ordinaryWriteTakes() {
        #expect(server.apply(path, Sample.object("ssa"), by: "one").status == 201)
        #expect(server.merge(path, ["spec": ["max": 20]]).status == 200)
        let conflict = server.apply(path, Sample.object("ssa"), by: "one")
        #expect(conflict.causes == ["FieldManagerConflict .spec.max"])
        #expect(server.apply(path, Sample.object("ssa", max: 20), by: "one").status == 200)
    }

    @Test("a field that is no longer applied is removed unless another manager owns it")
    func fieldLongerApplied() {
        #expect(server.apply(path, Sample.object("ssa", spec: ["min": 4, "replicas": 3]), by: "one").status == 201)
        var shared = Sample.object("ssa").objectValue!
        shared["spec"] = ["replicas": 3]
        #expect(server.apply(path, .object(shared), by: "two").status == 200)
        let dropped = server.apply(path, Sample.object("ssa"), by: "one")
        #expect(dropped.json["spec"]?["replicas"] == 3)
        #expect(dropped.json["spec"]?["min"] == 1)
    }

    @Test("items of a keyed list belong to the managers that applied them")
    func itemsKeyedList() {
        let path = "\(Sample.deployments)/web"
        #expect(server.post(Sample.deployments, Sample.deployment("web")).status == 201)
        func sidecar(_ image: JSON?) -> JSON {
            [
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "web"],
                "spec": [
                    "template": [
                        "spec": ["containers": image.map { [["name": "side", "image": $0]] } ?? []]
                    ]
                ],
            ]
        }
        func names(_ answer: Answer) -> [String] {
            (answer.json["spec"]?["template"]?["spec"]?["containers"]?.arrayValue ?? []).compactMap {
                $0["name"]?.stringValue
            }
        }
        #expect(names(server.apply(path, sidecar("one"), by: "injector")) == ["c", "side"])
        let conflict = server.apply(path, sidecar("two"), by: "other")
        #expect(
            conflict.causes == ["FieldManagerConflict .spec.template.spec.containers[name=\"side\"].image"])
        #expect(names(server.apply(path, sidecar(nil), by: "injector")) == ["c"])
    }

    @Test("an apply needs a manager and a type, and must not contain managedFields")
    func applyNeedsManager() {
        let object = Sample.object("ssa")
        #expect(server.call("PATCH", path, object, "application/apply-patch+yaml").status == 422)
        #expect(server.apply(path, ["metadata": ["name": "ssa"]], by: "one").status == 400)
        var owned = object.objectValue!
        owned["metadata"] = ["name": "ssa", "managedFields": [["manager": "x"]]]
        #expect(server.apply(path, .object(owned), by: "one").status == 400)
    }

    @Test("the body of an apply may be YAML")
    func bodyApplyYAML() {
        let yaml =
            "{apiVersion: tests.example.com/v1, kind: Sample, metadata: {name: ssa}, "
            + "spec: {max: 4, metrics: [{target: 1}]}}"
        let answer = server.call(
            "PATCH", "\(path)?fieldManager=one", text: yaml, "application/apply-patch+yaml")
        #expect(answer.status == 201)
    }

    @Test("kubectl can move the ownership of fields from update to apply")
    func kubectlMoveOwnership() throws {
        #expect(
            server.post("\(Sample.path)?fieldManager=kubectl-client-side-apply", Sample.object("ssa")).status == 201)
        let live = server.get(path).json
        var entry = try #require(live["metadata"]?["managedFields"]?[0]?.objectValue)
        entry["manager"] = "kubectl"
        entry["operation"] = "Apply"
        let moved = server.jsonPatch(
            path, [["op": "replace", "path": "/metadata/managedFields", "value": [.object(entry)]]])
        #expect(moved.status == 200)
        let applied = server.apply(path, Sample.object("ssa", max: 11), by: "kubectl")
        #expect(applied.status == 200)
        #expect(applied.json["spec"]?["max"] == 11)
        #expect(applied.json["metadata"]?["managedFields"]?.arrayValue?.count == 1)
    }
}
