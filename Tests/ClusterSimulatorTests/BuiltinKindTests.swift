import ClusterSimulator
import Testing
import WireFormats

@Suite struct BuiltinKindTests {
    private let server: TestServer

    init() throws {
        server = try TestServer()
    }

    // MARK: Leases

    private static let leases = "/apis/coordination.k8s.io/v1/namespaces/test/leases"

    private static let lease: JSON = [
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": ["name": "leader"],
        "spec": [
            "holderIdentity": "one", "leaseDurationSeconds": 15, "renewTime": "2026-01-01T00:00:00.000000Z",
        ],
    ]

    @Test("a lease is renewed with the current resourceVersion, and not with another")
    func leaseRenewedCurrent() {
        let created = server.post(Self.leases, Self.lease)
        #expect(created.status == 201)
        var renewal = created.json.objectValue!
        renewal["spec"] = ["holderIdentity": "one", "renewTime": "2026-01-01T00:00:10.000000Z"]
        #expect(server.put("\(Self.leases)/leader", .object(renewal)).status == 200)
        #expect(server.put("\(Self.leases)/leader", .object(renewal)).reason == "Conflict")
        #expect(server.post(Self.leases, Self.lease).reason == "AlreadyExists")
        renewal["metadata"] = ["name": "leader"]
        #expect(server.put("\(Self.leases)/leader", .object(renewal)).status == 422)
        renewal["metadata"] = ["name": "new"]
        #expect(server.put("\(Self.leases)/new", .object(renewal)).status == 201)
    }

    @Test(
        "a lease's times have microseconds", arguments: ["2026-01-01T00:00:20Z", "2026-01-01T00:00:20.5Z", "yesterday"])
    func leaseTimesMicroseconds(time: String) {
        #expect(server.post(Self.leases, Self.lease).status == 201)
        let patched = server.merge("\(Self.leases)/leader", ["spec": ["renewTime": .string(time)]])
        #expect((patched.status, patched.causes) == (422, ["FieldValueInvalid patch"]))
        var lease = Self.lease.objectValue!
        lease["metadata"] = ["name": "other"]
        lease["spec"] = ["renewTime": .string(time)]
        #expect(server.post(Self.leases, .object(lease)).status == 400)
    }

    // MARK: Events

    private static let events = "/apis/events.k8s.io/v1/namespaces/test/events"

    private static func event(_ name: String, _ change: [String: JSON?] = [:]) -> JSON {
        var event: [String: JSON] = [
            "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": ["name": .string(name)],
            "eventTime": "2026-01-01T00:00:00.000000Z", "reportingController": "example.com/operator",
            "reportingInstance": "op-1", "action": "Scale", "reason": "Rescaled", "note": "2 -> 3", "type": "Normal",
            "regarding": ["kind": "Sample", "name": "a", "namespace": "test"],
        ]
        for (name, value) in change { event[name] = value }
        return .object(event)
    }

    @Test("an event is served in both API groups, each with its own field names")
    func eventServedAPI() {
        #expect(server.post(Self.events, Self.event("a.1")).status == 201)
        let series: JSON = ["count": 2, "lastObservedTime": "2026-01-01T00:01:00.000000Z"]
        #expect(server.merge("\(Self.events)/a.1", ["series": series]).status == 200)
        let list = server.get("/api/v1/namespaces/test/events?fieldSelector=involvedObject.name%3Da")
        #expect(list.itemNames == ["a.1"])
        let item = list.json["items"]?[0]
        #expect(item?["message"] == "2 -> 3")
        #expect(item?["involvedObject"]?["kind"] == "Sample")
        #expect(item?["reportingComponent"] == "example.com/operator")
        #expect(item?["series"] == series)
        #expect(server.get("/api/v1/namespaces/test/events?fieldSelector=involvedObject.name%3Db").itemNames == [])
    }

    @Test(
        "an incomplete event is rejected with the field",
        arguments: [
            (["eventTime": nil], ["FieldValueRequired eventTime"]),
            (["note": .string(String(repeating: "x", count: 1_025))], ["FieldValueInvalid message"]),
            (["action": nil], ["FieldValueRequired action"]),
            (["reportingController": "no good!"], ["FieldValueInvalid reportingController"]),
            (["type": "Odd"], ["FieldValueInvalid type"]),
            (
                ["regarding": ["kind": "Sample", "name": "a", "namespace": "else"]],
                ["FieldValueInvalid involvedObject.namespace"]
            ),
        ] as [([String: JSON?], [String])])
    func incompleteEventRejected(change: [String: JSON?], causes: [String]) {
        let answer = server.post(Self.events, Self.event("a.1", change))
        #expect((answer.status, answer.causes) == (422, causes))
        #expect(answer.json["details"]?["group"] == nil)
    }

    @Test("only the series of an event may change")
    func seriesEventChange() {
        #expect(server.post(Self.events, Self.event("a.1")).status == 201)
        #expect(server.merge("\(Self.events)/a.1", ["note": "other"]).causes == ["FieldValueInvalid message"])
        let elsewhere = Self.event("a.2", ["metadata": ["name": "a.2", "namespace": "default"]])
        #expect(server.post(Self.events, elsewhere).status == 400)
    }

    // MARK: Others

    @Test("stringData of a Secret is stored encoded and not returned")
    func stringDataSecretStored() {
        let secret: JSON = ["metadata": ["name": "s"], "stringData": ["password": "hunter2"]]
        let answer = server.post("/api/v1/namespaces/test/secrets", secret)
        #expect(answer.json["data"] == ["password": "aHVudGVyMg=="])
        #expect(answer.json["stringData"] == nil)
        #expect(answer.json["type"] == "Opaque")
        let bad: JSON = ["metadata": ["name": "t"], "data": ["password": "not base64!"]]
        #expect(server.post("/api/v1/namespaces/test/secrets", bad).status == 400)
    }

    @Test("a Deployment gets its defaults and is validated")
    func deploymentDefaultsValidated() {
        let created = server.post(Sample.deployments, Sample.deployment("web"))
        #expect(created.json["spec"]?["strategy"]?["rollingUpdate"]?["maxSurge"] == "25%")
        let container = created.json["spec"]?["template"]?["spec"]?["containers"]?[0]
        #expect(container?["imagePullPolicy"] == "Always")
        var object = Sample.deployment("bad").objectValue!
        object["spec"] = [
            "replicas": -1, "selector": ["matchLabels": ["app": "other"]],
            "template": ["metadata": ["labels": ["app": "web"]], "spec": ["containers": [["name": "c"]]]],
        ]
        #expect(
            server.post(Sample.deployments, .object(object)).causes == [
                "FieldValueInvalid spec.replicas", "FieldValueInvalid spec.template.metadata.labels",
                "FieldValueRequired spec.template.spec.containers[0].image",
            ])
        object["spec"] = ["replicas": "two"]
        #expect(server.post(Sample.deployments, .object(object)).reason == "BadRequest")
        let selector = server.merge("\(Sample.deployments)/web", ["spec": ["selector": ["matchLabels": ["b": "c"]]]])
        #expect(selector.causes.contains("FieldValueInvalid spec.selector"))
    }

    @Test("a strategic merge patch finds containers by name")
    func strategicMergePatch() {
        #expect(server.post(Sample.deployments, Sample.deployment("web")).status == 201)
        let patch: JSON = [
            "spec": [
                "template": ["spec": ["containers": [["name": "c", "image": "new"], ["name": "d", "image": "i"]]]]
            ]
        ]
        let patched = server.strategic("\(Sample.deployments)/web", patch)
        let containers = patched.json["spec"]?["template"]?["spec"]?["containers"]?.arrayValue ?? []
        #expect(containers.compactMap { $0["image"]?.stringValue } == ["new", "i"])
        let removal: JSON = [
            "spec": ["template": ["spec": ["containers": [["name": "d", "$patch": "delete"]]]]]
        ]
        let removed = server.strategic("\(Sample.deployments)/web", removal)
        #expect(removed.json["spec"]?["template"]?["spec"]?["containers"]?.arrayValue?.count == 1)
    }

    @Test("a CustomResourceDefinition becomes a kind, and an invalid one is refused")
    func customResourceDefinitionBecomesKind() throws {
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        let live = server.get("\(path)/samples.tests.example.com").json
        let conditions = live["status"]?["conditions"]?.arrayValue ?? []
        #expect(Set(conditions.compactMap { $0["type"]?.stringValue }) == ["NamesAccepted", "Established"])
        #expect(conditions.allSatisfy { $0["status"] == "True" })
        var bad = Sample.definition.objectValue!
        bad["metadata"] = ["name": "others.tests.example.com"]
        #expect(server.post(path, .object(bad)).causes == ["FieldValueInvalid metadata.name"])
        var version = Sample.version.objectValue!
        version["schema"] = ["openAPIV3Schema": ["type": "object", "properties": ["spec": ["minimum": 1]]]]
        var spec = Sample.definition["spec"]!.objectValue!
        spec["versions"] = [.object(version)]
        bad = Sample.definition.objectValue!
        bad["spec"] = .object(spec)
        let cause = "FieldValueRequired spec.versions[0].schema.openAPIV3Schema.properties[spec].type"
        #expect(server.post(path, .object(bad)).causes == [cause])
    }
}
