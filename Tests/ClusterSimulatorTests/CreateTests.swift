import ClusterSimulator
import Testing
import WireFormats

@Suite struct CreateTests {
    @Test("a new object gets a UID, its defaults and generation 1, and loses its status")
    func newObjectUID() throws {
        let server = try TestServer()
        var object = Sample.object("a", spec: ["metrics": [["target": 5, "config": ["any": [1, "x"]]]]])
        object = .object(object.objectValue!.merging(["status": ["x": 1]]) { $1 })
        let answer = server.post(Sample.path, object)
        #expect(answer.status == 201)
        #expect(answer.generation == 1)
        #expect(answer.json["status"] == nil)
        #expect(
            answer.json["spec"] == [
                "max": 10, "min": 1, "metrics": [["type": "one", "target": 5, "config": ["any": [1, "x"]]]],
            ])
        let metadata = try #require(answer.json["metadata"])
        #expect(metadata["creationTimestamp"] == "2026-01-01T00:00:00Z")
        #expect(metadata["uid"]?.stringValue?.isEmpty == false)
        #expect(metadata["namespace"] == "test")
        #expect(metadata["managedFields"]?[0]?["manager"] == "tests")
    }

    @Test("an unknown field is dropped with a warning, refused if strict, dropped silently if ignored")
    func unknownFieldDropped() throws {
        let server = try TestServer()
        let object = Sample.object("a", spec: ["tpyo": 1])
        let strict = server.post("\(Sample.path)?fieldValidation=Strict", object)
        #expect(strict.status == 400)
        #expect(strict.reason == "BadRequest")
        let warned = server.post("\(Sample.path)?fieldValidation=Warn", object)
        #expect(warned.status == 201)
        #expect(warned.json["spec"]?["tpyo"] == nil)
        #expect(warned.response.warnings == ["unknown field \"spec.tpyo\""])
        var other = object
        other = .object(other.objectValue!.merging(["metadata": ["name": "b"]]) { $1 })
        #expect(server.post("\(Sample.path)?fieldValidation=Ignore", other).response.warnings == [])
    }

    @Test(
        "an invalid object is refused with every cause",
        arguments: [
            (Sample.object("b", max: 0), ["FieldValueInvalid spec.max"]),
            (Sample.object("b", spec: ["min": -1]), ["FieldValueInvalid spec.min"]),
            (Sample.object("b", spec: ["metrics": []]), ["FieldValueInvalid spec.metrics"]),
            (
                Sample.object("b", spec: ["metrics": [["target": "abc"]]]),
                ["FieldValueTypeInvalid spec.metrics[0].target"]
            ),
            (
                Sample.object("b", spec: ["metrics": [["target": 0, "type": "bogus"]]]),
                ["FieldValueInvalid spec.metrics[0].target", "FieldValueNotSupported spec.metrics[0].type"]
            ),
            (
                Sample.object("b", spec: ["metrics": .array(Array(repeating: ["target": 1], count: 4))]),
                ["FieldValueTooMany spec.metrics"]
            ),
            (Sample.object("Not_A_Name"), ["FieldValueInvalid metadata.name"]),
        ])
    func invalidObjectRefused(object: JSON, causes: [String]) throws {
        let answer = try TestServer().post(Sample.path, object)
        #expect(answer.status == 422)
        #expect(answer.reason == "Invalid")
        #expect(answer.causes == causes)
        #expect(answer.json["details"]?["kind"] == "Sample")
        #expect(answer.json["details"]?["group"] == "tests.example.com")
    }

    @Test("an empty spec is rejected with each required field")
    func emptySpecRejected() throws {
        let object: JSON = [
            "apiVersion": "tests.example.com/v1", "kind": "Sample", "metadata": ["name": "b"], "spec": [:],
        ]
        let answer = try TestServer().post(Sample.path, object)
        #expect(answer.causes == ["FieldValueRequired spec.max", "FieldValueRequired spec.metrics"])
    }

    @Test("malformed JSON, another kind and another namespace have different errors")
    func malformedJSONKind() throws {
        let server = try TestServer()
        #expect(server.call("POST", Sample.path, text: "{not json").reason == "BadRequest")
        var object = Sample.object("b").objectValue!
        object["kind"] = "Other"
        let kind = server.post(Sample.path, .object(object))
        #expect((kind.status, kind.causes) == (422, ["FieldValueInvalid kind"]))
        object["kind"] = "Sample"
        object["metadata"] = ["name": "b", "namespace": "elsewhere"]
        #expect(server.post(Sample.path, .object(object)).status == 400)
        object["metadata"] = ["name": "b"]
        object["apiVersion"] = "tests.example.com/v2"
        #expect(server.post(Sample.path, .object(object)).status == 400)
    }

    @Test("an existing name is 409, and a missing namespace is 404")
    func existingName409() throws {
        let server = try TestServer()
        #expect(server.post(Sample.path, Sample.object("a")).status == 201)
        let again = server.post(Sample.path, Sample.object("a"))
        #expect((again.status, again.reason) == (409, "AlreadyExists"))
        #expect(again.json["details"]?["kind"] == "samples")
        let nowhere = server.post("/apis/tests.example.com/v1/namespaces/none/samples", Sample.object("a"))
        #expect((nowhere.status, nowhere.reason) == (404, "NotFound"))
        #expect(nowhere.json["details"]?["kind"] == "namespaces")
    }

    @Test("a name can be generated, and a resourceVersion cannot be set")
    func nameGeneratedResourceVersion() throws {
        let server = try TestServer()
        var object = Sample.object("a").objectValue!
        object["metadata"] = ["generateName": "made-"]
        let made = server.post(Sample.path, .object(object))
        #expect(made.status == 201)
        #expect(made.json["metadata"]?["name"]?.stringValue?.hasPrefix("made-") == true)
        object["metadata"] = [:]
        #expect(server.post(Sample.path, .object(object)).causes == ["FieldValueRequired metadata.name"])
        object["metadata"] = ["name": "a", "resourceVersion": "7"]
        #expect(server.post(Sample.path, .object(object)).status == 500)
    }

    @Test("a dry run answers like a real request and stores nothing")
    func dryRunAnswers() throws {
        let server = try TestServer()
        #expect(server.post("\(Sample.path)?dryRun=All", Sample.object("a")).status == 201)
        #expect(server.get("\(Sample.path)/a").status == 404)
        #expect(server.post("\(Sample.path)?dryRun=All", Sample.object("a", max: 0)).status == 422)
    }

    @Test("a YAML body is read, plain text is 415, protobuf alone is 406, and a huge body 413")
    func yamlBodyRead() throws {
        let server = try TestServer()
        let yaml = """
            apiVersion: tests.example.com/v1
            kind: Sample
            metadata: {name: yam}
            spec: {max: 2, metrics: [{target: 1.5}]}
            """
        let created = server.call("POST", Sample.path, text: yaml, "application/yaml")
        #expect(created.status == 201)
        #expect(created.json["spec"]?["metrics"]?[0]?["target"] == 1.5)
        #expect(server.call("POST", Sample.path, text: "x=1", "text/plain").reason == "UnsupportedMediaType")
        let protobuf = ["accept": "application/vnd.kubernetes.protobuf"]
        #expect(server.get(Sample.path, headers: protobuf).reason == "NotAcceptable")
        let huge = String(repeating: " ", count: 3 * 1_024 * 1_024 + 1)
        #expect(server.call("POST", Sample.path, text: huge).status == 413)
    }

    @Test("rules across fields run if the schema allows it, and their causes are added")
    func rulesAcrossFields() throws {
        let server = try TestServer {
            $0.crossFieldValidators["tests.example.com/Sample"] = { object in
                let (least, most) = (object["spec"]?["min"]?.intValue ?? 0, object["spec"]?["max"]?.intValue ?? 0)
                return most < least ? [.invalid("spec.max", object["spec"]!["max"]!, "must be at least min")] : []
            }
        }
        #expect(
            server.post(Sample.path, Sample.object("a", max: 2, spec: ["min": 5])).causes == [
                "FieldValueInvalid spec.max"
            ])
        let both = server.post(Sample.path, Sample.object("a", max: 2, spec: ["min": 5, "metrics": []]))
        #expect(both.causes == ["FieldValueInvalid spec.max", "FieldValueInvalid spec.metrics"])
        let typed = server.post(Sample.path, Sample.object("a", max: "2", spec: ["min": 5]))
        #expect(typed.causes == ["FieldValueTypeInvalid spec.max"])
    }
}
