import ClusterSimulator
import TestSupport
import Testing
import WireFormats

@Suite struct UpdateTests {
    private let server: TestServer
    private let path = "\(Sample.path)/a"

    init() throws {
        server = try TestServer()
        #expect(server.post(Sample.path, Sample.object("a")).status == 201)
    }

    private func changed(_ object: JSON, _ change: (inout [String: JSON]) -> Void) -> JSON {
        var members = object.objectValue ?? [:]
        change(&members)
        return .object(members)
    }

    private func spec(_ object: JSON, max: JSON) -> JSON {
        changed(object) { $0["spec"] = changed($0["spec"] ?? [:]) { $0["max"] = max } }
    }

    @Test("a spec change increases the generation, a stale update is 409, a missing version 422")
    func specChangeIncreases() {
        let current = server.get(path).json
        let update = spec(current, max: 12)
        let first = server.put(path, update)
        #expect((first.status, first.generation) == (200, 2))
        let stale = server.put(path, update)
        #expect((stale.status, stale.reason) == (409, "Conflict"))
        let unversioned = changed(update) {
            $0["metadata"] = changed($0["metadata"] ?? [:]) { $0["resourceVersion"] = nil }
        }
        let refused = server.put(path, unversioned)
        #expect((refused.status, refused.causes) == (422, ["FieldValueInvalid metadata.resourceVersion"]))
        #expect(refused.json["details"]?["kind"] == "samples")
    }

    @Test("an identical PUT changes nothing, not even the resourceVersion")
    func identicalPUTChanges() throws {
        let watch = try server.watch("\(Sample.path)?watch=1&resourceVersion=\(server.get(path).resourceVersion!)")
        let current = server.get(path)
        server.clock.advance(by: .seconds(5))
        #expect(server.put(path, current.json).resourceVersion == current.resourceVersion)
        #expect(watch.names() == [])
    }

    @Test("a merge patch changes its fields, null deletes, and the result is validated")
    func mergePatchChanges() {
        #expect(server.merge(path, ["spec": ["max": 15]]).json["spec"]?["max"] == 15)
        let defaulted = server.merge(path, ["spec": ["min": .null]])
        #expect(defaulted.json["spec"]?["min"] == 1)
        #expect(defaulted.generation == 2)
        let invalid = server.merge(path, ["spec": ["max": -1]])
        #expect((invalid.status, invalid.causes) == (422, ["FieldValueInvalid spec.max"]))
        let conflict = server.merge(path, ["metadata": ["resourceVersion": "1"], "spec": ["max": 16]])
        #expect((conflict.status, conflict.reason) == (409, "Conflict"))
        #expect(server.merge("\(Sample.path)/nope", [:]).status == 404)
    }

    @Test("a JSON patch is atomic")
    func jsonPatchAtomic() {
        let replace = server.jsonPatch(path, [["op": "replace", "path": "/spec/max", "value": 17]])
        #expect(replace.json["spec"]?["max"] == 17)
        let failing = server.jsonPatch(
            path,
            [
                ["op": "replace", "path": "/spec/max", "value": 18],
                ["op": "test", "path": "/spec/max", "value": 1],
            ])
        #expect((failing.status, failing.reason, failing.causes) == (422, "Invalid", []))
        #expect(server.get(path).json["spec"]?["max"] == 17)
        #expect(server.jsonPatch(path, ["op": "nothing"]).status == 400)
    }

    @Test("strategic merge patches of custom resources and unknown patch types are 415")
    func strategicMergePatches() {
        #expect(server.strategic(path, ["spec": ["max": 18]]).reason == "UnsupportedMediaType")
        #expect(server.call("PATCH", path, ["spec": [:]], "application/json").status == 415)
    }

    @Test("status and spec change only through their own endpoints")
    func statusSpecChange() {
        let status = server.merge(
            "\(path)/status", ["status": ["desired": 4], "spec": ["max": 99], "metadata": ["labels": ["a": "b"]]])
        #expect(status.json["status"] == ["desired": 4])
        #expect(status.json["spec"]?["max"] == 10)
        #expect(status.json["metadata"]?["labels"] == nil)
        #expect(status.generation == 1)
        let main = server.merge(path, ["status": ["desired": 77]])
        #expect(main.json["status"] == ["desired": 4])
        #expect(main.resourceVersion == status.resourceVersion)
        #expect(server.get("\(path)/status").json["status"] == ["desired": 4])
        let owners = status.json["metadata"]?["managedFields"]?.arrayValue ?? []
        #expect(owners.map { $0["subresource"]?.stringValue } == [nil, "status"])
    }

    @Test("metadata that the server manages cannot be changed")
    func metadataServerManages() {
        let before = server.get(path).json["metadata"]
        let after = server.merge(
            path,
            [
                "metadata": [
                    "creationTimestamp": "2020-01-01T00:00:00Z", "generation": 50,
                    "deletionTimestamp": "2020-01-01T00:00:00Z",
                ]
            ])
        #expect(after.json["metadata"] == before)
        #expect(server.merge(path, ["metadata": ["uid": "other"]]).status == 409)
        #expect(server.merge(path, ["metadata": ["name": "b"]]).status == 400)
    }

    @Test("labels and annotations are validated and do not change the generation")
    func labelsAnnotationsValidated() {
        let good = server.merge(path, ["metadata": ["labels": ["tier": "gold"], "annotations": ["a/b": "x y"]]])
        #expect((good.status, good.generation) == (200, 1))
        let bad = server.merge(path, ["metadata": ["labels": ["tier": "not good", "-x": "a"]]])
        #expect(bad.causes == ["FieldValueInvalid metadata.labels", "FieldValueInvalid metadata.labels"])
        #expect(server.merge(path, ["metadata": ["labels": ["tier": 1]]]).status == 422)
    }

    @Test("a method that an endpoint does not support is 405")
    func methodEndpointSupport() {
        #expect(server.call("POST", path, Sample.object("a")).status == 405)
        #expect(server.call("PUT", Sample.path, Sample.object("a")).status == 405)
        #expect(server.call("DELETE", "\(path)/status").status == 405)
    }
}
