import Testing
import WireFormats

@testable import ClusterSimulator

@Suite struct DiscoveryTests {
    private let server: TestServer

    init() throws {
        server = try TestServer()
    }

    @Test("groups, versions and resources are discoverable")
    func groupsVersionsResources() {
        #expect(server.get("/version").json["minor"] == "36")
        #expect(server.get("/api").json["kind"] == "APIVersions")
        let groups = server.get("/apis").json["groups"]?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
        #expect(groups.contains("apps") && groups.contains("tests.example.com"))
        let group = server.get("/apis/tests.example.com").json
        #expect(group["kind"] == "APIGroup")
        #expect(group["preferredVersion"] == ["groupVersion": "tests.example.com/v1", "version": "v1"])
        let resources = server.get("/apis/tests.example.com/v1").json["resources"]?.arrayValue ?? []
        #expect(resources.compactMap { $0["name"]?.stringValue } == ["samples", "samples/scale", "samples/status"])
        #expect(resources.first?["shortNames"] == ["smp"])
        #expect(resources.first?["verbs"]?.arrayValue?.count == 8)
        #expect(server.get("/apis/nothing.example.com/v1").text == "404 page not found\n")
    }

    @Test("aggregated discovery returns the same in one response")
    func aggregatedDiscoveryReturns() {
        let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
        let answer = server.get("/apis", headers: ["accept": accept])
        #expect(answer.response.contentType.contains("as=APIGroupDiscoveryList"))
        let group = answer.json["items"]?.arrayValue?.first { $0["metadata"]?["name"] == "apps" }
        let deployments = group?["versions"]?[0]?["resources"]?.arrayValue?.first { $0["resource"] == "deployments" }
        #expect(deployments?["scope"] == "Namespaced")
        #expect(deployments?["subresources"]?[0]?["responseKind"]?["kind"] == "Scale")
    }

    @Test("the OpenAPI document describes each kind and declares field validation")
    func openAPIDescribesKind() {
        let index = server.get("/openapi/v3").json["paths"]
        #expect(index?["apis/tests.example.com/v1"] != nil)
        let document = server.get("/openapi/v3/apis/tests.example.com/v1").json
        let schema = document["components"]?["schemas"]?["com.example.tests.v1.Sample"]
        #expect(schema?["properties"]?["spec"]?["properties"]?["max"]?["minimum"] == 1)
        let patch = document["paths"]?["/apis/tests.example.com/v1/namespaces/{namespace}/samples/{name}"]?["patch"]
        let parameters = patch?["parameters"]?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
        #expect(parameters.contains("fieldValidation"))
    }

    @Test(
        "the server's address has its IPv6 address in brackets",
        arguments: [("::1", "[::1]"), ("127.0.0.7", "127.0.0.7")])
    func address(host: String, shown: String) {
        #expect(ClusterSimulator.url(host: host, port: 8_017) == "http://\(shown):8017")
    }
}
