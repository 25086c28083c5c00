import Foundation
import NIOCore
import ServiceLifecycle
import TestSupport
import Testing

@testable import Operator

@Suite("The metrics and health server", .timeLimit(.minutes(5)))
struct StatusServerTests {
    /// Runs the server during the body.
    private func serve(
        metrics: String = "a 1\n", awaits: String? = nil, _ body: (_ port: Int) async throws -> Void
    ) async throws {
        let (ports, port) = AsyncStream<Int>.makeStream()
        // Timeouts that do not expire, regardless of the machine's load.
        var limits = StatusLimits.connections
        limits.idleTime = .hours(1)
        limits.exchangeTime = .hours(1)
        let server = StatusServer(
            address: ListenAddress(host: "127.0.0.1", port: 0), limits: limits, logger: .silent, heartbeat: {},
            metrics: { _ in metrics }, awaits: { awaits }, onBound: { port.yield($0) })
        let services = ServiceGroup(services: [server], logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            let bound = try #require(await ports.first { _ in true })
            let result: Result<Void, any Error>
            do { result = .success(try await body(bound)) } catch { result = .failure(error) }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
            try result.get()
        }
    }

    /// Returns the head and the body of the answer to one request.
    private func ask(_ port: Int, _ path: String, method: String = "GET") async throws -> (head: String, body: String) {
        let bytes = try await onThread {
            let connection = try RawConnection(port: port)
            connection.write("\(method) \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            return connection.readToEnd()
        }
        let text = String(decoding: bytes, as: UTF8.self)
        let end = try #require(text.firstRange(of: "\r\n\r\n"), "\(text)")
        return (String(text[..<end.lowerBound]), String(text[end.upperBound...]))
    }

    @Test(
        "a HEAD request is answered like GET, without the body",
        arguments: ["/metrics", "/healthz", "/readyz"], [nil, "the lease"])
    func head(path: String, awaits: String?) async throws {
        try await serve(awaits: awaits) { port in
            let get = try await ask(port, path)
            let head = try await ask(port, path, method: "HEAD")
            func lines(_ head: String) -> [String] {
                head.components(separatedBy: "\r\n").filter { !$0.lowercased().hasPrefix("date:") }.sorted()
            }
            #expect(lines(head.head) == lines(get.head))
            #expect(head.head.lowercased().contains("content-length: \(get.body.utf8.count)"))
            #expect(head.body == "")
            #expect(!get.body.isEmpty)
        }
    }

    @Test("the readiness endpoint names what the operator waits for")
    func readiness() async throws {
        try await serve(awaits: "the lease") { port in
            let answer = try await ask(port, "/readyz")
            #expect(answer.head.hasPrefix("HTTP/1.1 503"))
            #expect(answer.body == "not yet: the lease\n")
        }
    }

    @Test("idle connections and unfinished requests beyond the bound are closed, and requests are still answered")
    func idleConnections() async throws {
        try await serve { port in
            let count = 3 * StatusLimits.connections.connections + 7
            let connections = try await onThread {
                try (0..<count).map { number in
                    let connection = try RawConnection(port: port)
                    if number.isMultiple(of: 2) { connection.write("GET /metrics HTTP/1.1\r\nX-Sl") }
                    return connection
                }
            }
            for path in ["/healthz", "/metrics", "/readyz"] {
                #expect(try await ask(port, path).head.hasPrefix("HTTP/1.1 200"))
            }
            try await onThread {
                RawConnection.wait(for: connections, toClose: count - StatusLimits.connections.connections)
            }
        }
    }

    @Test("clients that request metrics and do not read them are displaced by others")
    func unreadPages() async throws {
        // More than the kernel buffers of a server's output.
        let page = String(repeating: "x", count: 12 << 20)
        try await serve(metrics: page) { port in
            let connections = try await onThread {
                try (0..<StatusLimits.connections.largeResponses + 2).map { _ in
                    let connection = try RawConnection(port: port, receiveBytes: 4 << 10)
                    connection.write("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
                    connection.waitForBytes()
                    return connection
                }
            }
            #expect(try await ask(port, "/metrics").body.utf8.count == page.utf8.count)
            #expect(try await ask(port, "/healthz").body == "ok\n")
            // The oldest were displaced in the middle of their page.
            for connection in connections.prefix(3) {
                let count = try await onThread { connection.readToEnd().count }
                #expect((1..<page.utf8.count).contains(count))
            }
        }
    }

    @Test("a request with a header that is too long is refused")
    func longHeader() async throws {
        try await serve { port in
            let answer = try await onThread {
                let connection = try RawConnection(port: port)
                let value = String(repeating: "x", count: StatusLimits.connections.headerBytes + 1)
                connection.write("GET /metrics HTTP/1.1\r\nX: \(value)\r\n\r\n")
                return String(decoding: connection.readToEnd(), as: UTF8.self)
            }
            #expect(answer.hasPrefix("HTTP/1.1 400"), "\(answer)")
        }
    }
}
