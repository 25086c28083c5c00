import ClusterSimulator
import Testing
import WireFormats

@Suite struct ReadTests {
    private static func server(_ names: String...) throws -> TestServer {
        let server = try TestServer()
        for name in names { #expect(server.post(Sample.path, Sample.object(name)).status == 201) }
        return server
    }

    @Test("a missing object is 404 with a Status, and a missing resource with plain text")
    func missingObject404() throws {
        let server = try Self.server()
        let object = server.get("\(Sample.path)/nope")
        #expect((object.status, object.reason) == (404, "NotFound"))
        #expect(object.json["details"] == ["name": "nope", "group": "tests.example.com", "kind": "samples"])
        let resource = server.get("/apis/tests.example.com/v1/namespaces/test/nopes")
        #expect((resource.status, resource.text) == (404, "404 page not found\n"))
    }

    @Test("pages are read from one snapshot")
    func pagesReadSnapshot() throws {
        let server = try Self.server("a", "b", "c", "d", "e")
        let first = server.get("\(Sample.path)?limit=2")
        #expect(first.itemNames == ["a", "b"])
        #expect(first.json["metadata"]?["remainingItemCount"] == 3)
        let token = try #require(first.json["metadata"]?["continue"]?.stringValue)
        // Changes between the pages are not part of the snapshot.
        #expect(server.post(Sample.path, Sample.object("bb")).status == 201)
        #expect(server.delete("\(Sample.path)/d").status == 200)
        let second = server.get("\(Sample.path)?limit=2&continue=\(token)")
        #expect(second.itemNames == ["c", "d"])
        #expect(second.resourceVersion == first.resourceVersion)
        let next = try #require(second.json["metadata"]?["continue"]?.stringValue)
        let last = server.get("\(Sample.path)?limit=2&continue=\(next)")
        #expect(last.itemNames == ["e"])
        #expect(last.json["metadata"]?["continue"] == "")
        #expect(server.get(Sample.path).itemNames == ["a", "b", "bb", "c", "e"])
        server.api.compact()
        #expect(server.get("\(Sample.path)?limit=2&continue=\(token)").status == 410)
        #expect(server.get("\(Sample.path)?limit=2&continue=garbage").status == 400)
    }

    @Test("selectors match labels and the fields that the kind supports")
    func selectorsMatchLabels() throws {
        let server = try Self.server("a", "b", "c")
        #expect(
            server.merge("\(Sample.path)/b", ["metadata": ["labels": ["tier": "gold", "zone": "x"]]]).status == 200)
        #expect(server.merge("\(Sample.path)/c", ["metadata": ["labels": ["tier": "silver"]]]).status == 200)
        let cases: [(String, [String])] = [
            ("labelSelector=tier%3Dgold", ["b"]), ("labelSelector=tier!%3Dgold", ["a", "c"]),
            ("labelSelector=tier", ["b", "c"]), ("labelSelector=!tier", ["a"]),
            ("labelSelector=tier%20in%20(gold,silver),zone", ["b"]), ("labelSelector=tier+notin+(gold)", ["a", "c"]),
            ("fieldSelector=metadata.name%3Da", ["a"]), ("fieldSelector=metadata.name!%3Da", ["b", "c"]),
        ]
        for (query, names) in cases { #expect(server.get("\(Sample.path)?\(query)").itemNames == names, "\(query)") }
        #expect(server.get("\(Sample.path)?fieldSelector=spec.max%3D3").reason == "BadRequest")
        #expect(server.get("\(Sample.path)?labelSelector=tier%3D%3D%3D").reason == "BadRequest")
    }

    @Test("a list at a future version times out, and one at an expired version is 410")
    func listFutureVersion() throws {
        let server = try Self.server("a", "b")
        let exact = server.get("\(Sample.path)?resourceVersion=99999999&resourceVersionMatch=Exact")
        #expect((exact.status, exact.reason) == (504, "Timeout"))
        #expect(exact.causes == ["ResourceVersionTooLarge "])
        #expect(exact.response.retryAfterSeconds == 1)
        let timeout = "resourceVersionMatch=NotOlderThan&timeout=2s"
        let impatient = server.get("\(Sample.path)?resourceVersion=99999999&\(timeout)")
        #expect((impatient.status, impatient.causes) == (504, []))
        let version = try #require(server.get("\(Sample.path)/a").resourceVersion)
        let past = server.get("\(Sample.path)?resourceVersion=\(version)&resourceVersionMatch=Exact")
        #expect(past.itemNames == ["a"])
        #expect(past.resourceVersion == version)
        server.api.compact()
        let gone = server.get("\(Sample.path)?resourceVersion=\(version)&resourceVersionMatch=Exact")
        #expect((gone.status, gone.reason) == (410, "Expired"))
        #expect(server.get("\(Sample.path)?resourceVersionMatch=Exact").status == 422)
        #expect(server.get("\(Sample.path)?resourceVersion=abc").status == 500)
    }

    @Test("a table has the printer columns and a row per object")
    func tablePrinterColumns() throws {
        let server = try Self.server("a")
        server.advance(.seconds(90))
        let table = server.get(
            Sample.path, headers: ["accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"])
        let columns = table.json["columnDefinitions"]?.arrayValue ?? []
        #expect(columns.compactMap { $0["name"]?.stringValue } == ["Name", "Max", "Types", "Age"])
        #expect(columns.compactMap { $0["priority"]?.intValue } == [0, 0, 1, 0])
        #expect(table.json["rows"]?[0]?["cells"] == ["a", 10, "one", "90s"])
        #expect(table.json["rows"]?[0]?["object"]?["kind"] == "PartialObjectMetadata")
    }

    @Test("partial object metadata is served for lean caches")
    func partialObjectMetadata() throws {
        let server = try Self.server("a")
        let accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
        let list = server.get(Sample.path, headers: ["accept": accept])
        #expect(list.json["kind"] == "PartialObjectMetadataList")
        #expect(list.json["items"]?[0]?["spec"] == nil)
        #expect(list.itemNames == ["a"])
    }

    @Test("items of built-in lists have no kind, and those of custom resources have one")
    func itemsBuiltLists() throws {
        let server = try Self.server("a")
        #expect(server.get("/api/v1/namespaces").json["items"]?[0]?["kind"] == nil)
        #expect(server.get(Sample.path).json["items"]?[0]?["kind"] == "Sample")
    }

    @Test("a list of all namespaces differs from a list of one")
    func listNamespacesDiffers() throws {
        let server = try Self.server("a")
        #expect(server.post("/apis/tests.example.com/v1/namespaces/default/samples", Sample.object("z")).status == 201)
        #expect(server.get("/apis/tests.example.com/v1/samples").itemNames == ["z", "a"])
        #expect(server.get(Sample.path).itemNames == ["a"])
    }
}
