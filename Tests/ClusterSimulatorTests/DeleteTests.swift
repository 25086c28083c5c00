import ClusterSimulator
import Testing
import WireFormats

@Suite struct DeleteTests {
    private let server: TestServer

    init() throws {
        server = try TestServer()
        for name in ["a", "b"] { #expect(server.post(Sample.path, Sample.object(name)).status == 201) }
    }

    @Test("a deletion returns what it deleted, and a second one is 404")
    func deletionReturnsWhat() {
        let uid = server.get("\(Sample.path)/a").json["metadata"]?["uid"]
        let answer = server.delete("\(Sample.path)/a")
        #expect(answer.status == 200)
        #expect(answer.json["status"] == "Success")
        #expect(answer.json["details"]?["uid"] == uid)
        #expect(server.delete("\(Sample.path)/a").status == 404)
    }

    @Test("a deletion with a failed precondition is 409")
    func deletionFailedPrecondition() {
        let uid = server.delete("\(Sample.path)/a", ["preconditions": ["uid": "other"]])
        #expect((uid.status, uid.reason) == (409, "Conflict"))
        #expect(server.delete("\(Sample.path)/a", ["preconditions": ["resourceVersion": "1"]]).status == 409)
        #expect(server.get("\(Sample.path)/a").status == 200)
    }

    @Test("the selected objects of a collection are deleted")
    func selectedObjectsCollection() {
        #expect(server.merge("\(Sample.path)/b", ["metadata": ["labels": ["keep": "yes"]]]).status == 200)
        #expect(server.delete("\(Sample.path)?labelSelector=!keep").itemNames == ["a"])
        #expect(server.get(Sample.path).itemNames == ["b"])
    }

    @Test("a finalizer keeps an object until it is removed")
    func finalizerKeepsObject() throws {
        let path = "\(Sample.path)/a"
        #expect(server.merge(path, ["metadata": ["finalizers": ["example.com/hold"]]]).status == 200)
        let marked = server.delete(path)
        #expect((marked.status, marked.generation) == (200, 2))
        #expect(marked.json["metadata"]?["deletionTimestamp"] == "2026-01-01T00:00:00Z")
        let more = server.merge(path, ["metadata": ["finalizers": ["example.com/hold", "example.com/more"]]])
        #expect(more.status == 422)
        #expect(more.causes.contains("FieldValueForbidden metadata.finalizers"))
        #expect(server.delete(path).resourceVersion == marked.resourceVersion)
        let watch = try server.watch("\(Sample.path)?watch=1&resourceVersion=\(marked.resourceVersion!)")
        let last = server.merge(path, ["metadata": ["finalizers": .null]])
        #expect(last.status == 200)
        #expect(last.json["metadata"]?["finalizers"] == nil)
        #expect(watch.names() == ["DELETED:a"])
        #expect(server.get(path).status == 404)
    }

    @Test("a namespace is deleted with all objects in it, and accepts no new ones during the deletion")
    func namespaceDeletedObjects() throws {
        #expect(server.merge("\(Sample.path)/a", ["metadata": ["finalizers": ["example.com/hold"]]]).status == 200)
        let watch = try server.watch(
            "\(Sample.path)?watch=1&resourceVersion=\(server.get(Sample.path).resourceVersion!)")
        let answer = server.delete("/api/v1/namespaces/test")
        #expect(answer.json["status"]?["phase"] == "Terminating")
        #expect(watch.names() == ["MODIFIED:a", "DELETED:b"])
        let refused = server.post(Sample.path, Sample.object("c"))
        #expect((refused.status, refused.causes) == (403, ["NamespaceTerminating metadata.namespace"]))
        #expect(server.get("/api/v1/namespaces/test").json["status"]?["phase"] == "Terminating")
        #expect(server.merge("\(Sample.path)/a", ["metadata": ["finalizers": .null]]).status == 200)
        #expect(server.get("/api/v1/namespaces/test").status == 404)
    }

    @Test("a CustomResourceDefinition is deleted with its objects and its path")
    func customResourceDefinitionDeletedObjects() throws {
        let watch = try server.watch(
            "\(Sample.path)?watch=1&resourceVersion=\(server.get(Sample.path).resourceVersion!)")
        #expect(
            server.delete("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/samples.tests.example.com").status
                == 200)
        let (frames, ending) = watch.subscription.poll()
        #expect(frames.count == 2)
        #expect(ending == .complete)
        #expect(server.get(Sample.path).status == 404)
        #expect(server.get("/apis/tests.example.com/v1").status == 404)
        #expect(server.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", Sample.definition).status == 201)
        #expect(server.get(Sample.path).itemNames == [])
    }
}
