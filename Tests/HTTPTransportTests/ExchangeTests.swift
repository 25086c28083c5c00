import HTTPTransport
import Hummingbird
import NIOCore
import Testing

@Suite(.timeLimit(.minutes(5)))
struct ExchangeTests {
    /// Adds a route that answers with the request's contents.
    private static func echo(_ router: Router<TestServer.Context>) {
        for method in [HTTPRequest.Method.get, .post, .put, .patch, .delete] {
            router.on("echo", method: method) { request, _ in
                let body = try await request.body.collect(upTo: 1 << 20)
                let headers = request.headers.map { "\($0.name.canonicalName): \($0.value)" }
                return (["\(request.method) \(request.uri)"] + headers + ["", String(buffer: body)])
                    .joined(separator: "\n")
            }
        }
        router.get("connection") { _, context in "\(context.connection)" }
    }

    @Test("a request arrives unchanged, without additional headers")
    func request() async throws {
        try await TestServer.run(routes: Self.echo) { client, port in
            let response = try await client.send(
                .init(
                    method: "PATCH", url: "http://127.0.0.1:\(port)/echo?a=b%20c",
                    headers: [.init("X-One", "1"), .init("X-Empty", ""), .init("X-One", "2")],
                    body: Array("body".utf8), timeout: .seconds(10)))
            #expect(response.status == 200)
            let lines = response.text.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.first == "PATCH /echo?a=b%20c")
            #expect(lines.last == "body")
            #expect(
                Set(lines.dropFirst().dropLast(2)) == [
                    "accept: */*", "accept-encoding: deflate, gzip, br, zstd", "content-length: 4", "x-one: 1",
                    "x-empty: ", "x-one: 2",
                ])
        }
    }

    @Test("a POST, PUT or PATCH without a body has content-length 0", arguments: ["POST", "PUT", "PATCH"])
    func emptyBody(method: String) async throws {
        try await TestServer.run(routes: Self.echo) { client, port in
            let response = try await client.send(
                .init(method: method, url: "http://127.0.0.1:\(port)/echo", timeout: .seconds(10)))
            #expect(response.text.hasPrefix("\(method) /echo"))
            #expect(response.text.contains("content-length: 0"))
        }
    }

    @Test("a response of any status is returned completely")
    func answer() async throws {
        try await TestServer.run { router in
            router.get("missing") { _, _ in
                Response(
                    status: .notFound, headers: [.retryAfter: "7"],
                    body: .init(byteBuffer: ByteBuffer(string: "nothing here")))
            }
        } _: { client, port in
            let response = try await client.send(
                .init(url: "http://127.0.0.1:\(port)/missing", timeout: .seconds(10)))
            #expect(response.status == 404)
            #expect(response.head.header("RETRY-after") == "7")
            #expect(response.text == "nothing here")
        }
    }

    @Test("the response to a HEAD request has no body")
    func head() async throws {
        try await TestServer.run { router in
            router.head("resource") { _, _ in Response(status: .ok, headers: [.eTag: "\"7\""]) }
        } _: { client, port in
            let response = try await client.send(
                .init(method: "HEAD", url: "http://127.0.0.1:\(port)/resource", timeout: .seconds(10)))
            #expect(response.head.header("etag") == "\"7\"")
            #expect(response.body.isEmpty)
        }
    }

    @Test("a redirect is returned and not followed")
    func redirect() async throws {
        try await TestServer.run { router in
            router.get("here") { _, _ in Response(status: .found, headers: [.location: "/there"]) }
            router.get("there") { _, _ in "followed" }
        } _: { client, port in
            let response = try await client.send(
                .init(url: "http://127.0.0.1:\(port)/here", timeout: .seconds(10)))
            #expect(response.status == 302)
            #expect(response.head.header("location") == "/there")
        }
    }

    @Test("sequential requests share a connection")
    func reuse() async throws {
        try await TestServer.run(routes: Self.echo) { client, port in
            var connections: Set<String> = []
            for _ in 0..<10 {
                let response = try await client.send(
                    .init(url: "http://127.0.0.1:\(port)/connection", timeout: .seconds(10)))
                connections.insert(response.text)
            }
            #expect(connections.count == 1)
        }
    }

    @Test("two hundred concurrent requests are all answered over no more connections than allowed")
    func concurrency() async throws {
        try await TestServer.run(configuration: .init(proxies: .none, connectionsPerHost: 8), routes: Self.echo) {
            client, port in
            let connections = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        try await client.send(
                            .init(url: "http://127.0.0.1:\(port)/connection", timeout: .seconds(30))
                        ).text
                    }
                }
                return try await group.reduce(into: [String]()) { $0.append($1) }
            }
            #expect(connections.count == 200)
            #expect((1...8).contains(Set(connections).count))
        }
    }

    @Test("requests beyond the concurrency limit wait for a transfer slot")
    func turns() async throws {
        try await TestServer.run(configuration: .init(proxies: .none, concurrentTransfers: 2), routes: Self.echo) {
            client, port in
            let answers = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        try await client.send(
                            .init(url: "http://127.0.0.1:\(port)/connection", timeout: .seconds(30))
                        ).status
                    }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(answers == Array(repeating: 200, count: 20))
        }
    }

    @Test(
        "a request that would be different on the wire is refused",
        arguments: [
            HTTPTransport.HTTPRequest(url: "not a url", timeout: nil),
            .init(url: "ftp://127.0.0.1/", timeout: nil),
            .init(url: "file:///etc/passwd", timeout: nil),
            .init(url: "/only/a/path", timeout: nil),
            .init(url: "http://127.0.0.1/\u{0}hidden", timeout: nil),
            .init(url: "http://127.0.0.1/a b", timeout: nil),
            .init(method: "GET /other HTTP/1.1\r\n", url: "http://127.0.0.1/", timeout: nil),
            .init(method: "", url: "http://127.0.0.1/", timeout: nil),
            .init(method: "HEAD", url: "http://127.0.0.1/", body: [1], timeout: nil),
            .init(url: "http://127.0.0.1/", headers: [.init("X-A", "1\r\nX-B: 2")], timeout: nil),
            .init(url: "http://127.0.0.1/", headers: [.init("X-A:", "1")], timeout: nil),
            .init(url: "http://127.0.0.1/", headers: [.init("Content-Length", "1")], timeout: nil),
        ])
    func refused(request: HTTPTransport.HTTPRequest) async throws {
        try await withClient { client in
            let error = try await failure { try await client.send(request) }
            #expect(error.kind == .invalidRequest)
        }
    }
}
