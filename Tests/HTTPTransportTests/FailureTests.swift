import HTTPTransport
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct FailureTests {
    private func get(
        _ client: CurlHTTPClient, _ url: String, maxBodyBytes: Int = 1_000
    ) async throws(HTTPError) -> HTTPResponse {
        try await client.send(.init(url: url, timeout: .seconds(20), maxBodyBytes: maxBodyBytes))
    }

    @Test("a name without an address is reported as a failed name lookup")
    func unknownName() async throws {
        try await withClient { client in
            let error = try await failure { try await get(client, "http://user:secret@nobody.invalid/path?token=t") }
            #expect(error.kind == .nameLookup)
            #expect(error.message.contains("nobody.invalid"))
            for secret in ["user", "secret", "path", "token"] {
                #expect(!error.message.contains(secret))
            }
        }
    }

    @Test("a refused connection is reported as a connection failure")
    func refused() async throws {
        let port = try RawServer.unusedPort()
        try await withClient { client in
            let error = try await failure { try await get(client, "http://127.0.0.1:\(port)/") }
            #expect(error.kind == .connect)
            #expect(error.message.contains("127.0.0.1:\(port)"))
        }
    }

    @Test(
        "a truncated response and a response that is not HTTP are reported as a lost connection",
        arguments: [
            "", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "HTTP/1.1 200 OK\r\nContent-",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", "SSH-2.0-OpenSSH_9.2\r\n",
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
        ])
    func brokenOff(answer: String) async throws {
        try await withClient { client in
            try await RawServer.run { connection in
                _ = connection.readHead()
                connection.write(answer)
            } _: { port in
                let error = try await failure { try await get(client, "http://127.0.0.1:\(port)/") }
                #expect(error.kind == .connectionLost, "\(error)")
            }
        }
    }

    @Test(
        "a request on a kept connection that the server closed is sent again on a new one", arguments: ["GET", "POST"])
    func closedBetween(method: String) async throws {
        try await withClient { client in
            try await RawServer.run { connection in
                guard connection.readHead() != nil else { return }
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\(connection.number)")
                // Closes without a response once the second request has been sent.
                if connection.number == 1 { _ = connection.readHead() }
            } _: { port in
                var bodies: [[UInt8]] = []
                for _ in 0..<2 {
                    bodies.append(
                        try await client.send(
                            .init(
                                method: method, url: "http://127.0.0.1:\(port)/", body: method == "GET" ? nil : [1],
                                timeout: .seconds(20))
                        ).body)
                }
                #expect(bodies == [Array("1".utf8), Array("2".utf8)])
            }
        }
    }

    @Test("a body is read up to the size limit and not beyond it", arguments: [true, false])
    func bound(isAnnounced: Bool) async throws {
        let closed = Mailbox<Void>()
        try await withClient { client in
            try await RawServer.run { connection in
                while let head = connection.readHead() {
                    let count = head.hasPrefix("GET /1000 ") ? 1_000 : 1_001
                    let body = String(repeating: "x", count: count)
                    connection.write(
                        isAnnounced
                            ? "HTTP/1.1 200 OK\r\nContent-Length: \(count)\r\n\r\n\(body)"
                            : "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(String(count, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
                    )
                }
                closed.send()
            } _: { port in
                #expect(try await get(client, "http://127.0.0.1:\(port)/1000").body.count == 1_000)
                let error = try await failure { try await get(client, "http://127.0.0.1:\(port)/1001") }
                #expect(error.kind == .bodyTooLarge)
                try await closed.next()
            }
        }
    }

    @Test("a small compressed body that grows beyond the size limit is stopped")
    func gzipBomb() async throws {
        let bomb = try gzip(zeros: 64 << 20)
        try await withClient { client in
            try await RawServer.run { connection in
                while connection.readHead() != nil {
                    connection.write(
                        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(bomb.count)\r\n\r\n")
                    connection.write(bomb)
                }
            } _: { port in
                let url = "http://127.0.0.1:\(port)/"
                let error = try await failure { try await get(client, url, maxBodyBytes: 1 << 20) }
                #expect(error.kind == .bodyTooLarge)
                #expect(try await get(client, url, maxBodyBytes: 64 << 20).body.count == 64 << 20)
            }
        }
    }

    @Test("endless headers are stopped", arguments: ["X-More: and more\r\n", "more"])
    func endlessHeaders(piece: String) async throws {
        try await withClient { client in
            try await RawServer.run { connection in
                _ = connection.readHead()
                connection.write("HTTP/1.1 200 OK\r\nX-Start: ")
                while connection.write(String(repeating: piece, count: 1_000)) {}
            } _: { port in
                let error = try await failure { try await get(client, "http://127.0.0.1:\(port)/") }
                #expect(error.kind == .bodyTooLarge, "\(error)")
            }
        }
    }
}
