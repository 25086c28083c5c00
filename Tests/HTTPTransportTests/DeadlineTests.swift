import HTTPTransport
import TestSupport
import Testing

/// Each phase of a request can exceed the deadline. None of them may delay other requests.
@Suite(.timeLimit(.minutes(5)))
struct DeadlineTests {
    private static let timeout = Duration.seconds(1)

    private func expectDeadline(_ url: String, phase: String, client: CurlHTTPClient) async throws {
        let start = ContinuousClock.now
        let error = try await failure { try await client.send(.init(url: url, timeout: Self.timeout)) }
        #expect(error.kind == .deadline)
        #expect(error.message.contains(phase), "\(error)")
        #expect(ContinuousClock.now - start >= Self.timeout)
    }

    @Test("a name lookup that hangs ends at the deadline")
    func nameLookup() async throws {
        try await withClient { client in
            try await NameLookup.withStuckName("stuck-deadline.test") {
                try await expectDeadline("http://stuck-deadline.test/", phase: "resolving the name", client: client)
                // The loop is not blocked by the lookup, which still hangs.
                try await RawServer.run { connection in
                    _ = connection.readHead()
                    connection.write("HTTP/1.1 204 No Content\r\n\r\n")
                } _: { port in
                    let response = try await client.send(
                        .init(url: "http://127.0.0.1:\(port)/", timeout: .seconds(10)))
                    #expect(response.status == 204)
                }
                await client.shutdown()
            }
        }
    }

    @Test("a connection that is neither accepted nor refused ends at the deadline")
    func connect() async throws {
        try await withClient { client in
            try await RawServer.runFull { port in
                try await expectDeadline("http://127.0.0.1:\(port)/", phase: "connecting", client: client)
            }
        }
    }

    @Test("a TLS handshake without an answer ends at the deadline")
    func handshake() async throws {
        try await withClient { client in
            try await RawServer.run {
                $0.waitForClose()
            } _: { port in
                try await expectDeadline("https://127.0.0.1:\(port)/", phase: "TLS handshake", client: client)
            }
        }
    }

    @Test("a server that accepts the request and sends nothing is abandoned at the deadline")
    func silence() async throws {
        try await withClient { client in
            try await RawServer.run {
                $0.waitForClose()
            } _: { port in
                try await expectDeadline("http://127.0.0.1:\(port)/", phase: "waiting for the answer", client: client)
            }
        }
    }

    @Test("a body that arrives byte by byte ends at the deadline")
    func drip() async throws {
        let closed = Mailbox<Void>()
        try await withClient { client in
            try await RawServer.run { connection in
                _ = connection.readHead()
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
                // A byte every five milliseconds until the client closes: each read is fast, the whole is not.
                while connection.write([0]), !connection.isClosed(within: 5) {}
                closed.send()
            } _: { port in
                try await expectDeadline("http://127.0.0.1:\(port)/", phase: "reading the body", client: client)
                try await closed.next()
            }
        }
    }

    @Test("a request that waits for a transfer slot ends at the deadline")
    func turn() async throws {
        try await withClient(.init(proxies: .none, concurrentTransfers: 1)) { client in
            let arrived = Mailbox<Void>()
            try await RawServer.run { connection in
                _ = connection.readHead()
                arrived.send()
                connection.waitForClose()
            } _: { port in
                let url = "http://127.0.0.1:\(port)/"
                let first = Task { try await client.send(.init(url: url, timeout: nil)) }  // Awaited below.
                try await arrived.next()
                try await expectDeadline(url, phase: "queued", client: client)
                first.cancel()
                #expect(await failureKind { try await first.value } == .cancelled)
            }
        }
    }

    @Test("a request that waits for a free connection ends at the deadline")
    func connectionLimit() async throws {
        try await withClient(.init(proxies: .none, connectionsPerHost: 1)) { client in
            let arrived = Mailbox<Void>()
            try await RawServer.run { connection in
                _ = connection.readHead()
                arrived.send()
                connection.waitForClose()
            } _: { port in
                let url = "http://127.0.0.1:\(port)/"
                let first = Task { try await client.send(.init(url: url, timeout: nil)) }  // Awaited below.
                try await arrived.next()
                try await expectDeadline(url, phase: "waiting for a free connection", client: client)
                first.cancel()
                #expect(await failureKind { try await first.value } == .cancelled)
            }
        }
    }

    @Test("a stream without a response head ends at the deadline")
    func stream() async throws {
        try await withClient { client in
            try await RawServer.run {
                $0.waitForClose()
            } _: { port in
                let error = try await failure {
                    try await client.stream(.init(url: "http://127.0.0.1:\(port)/", timeout: Self.timeout))
                }
                #expect(error.kind == .deadline)
            }
        }
    }

    @Test("a request whose deadline has already passed fails without being sent")
    func passed() async throws {
        try await withClient { client in
            let error = try await failure {
                try await client.send(.init(url: "http://127.0.0.1/", timeout: .milliseconds(-1)))
            }
            #expect(error.kind == .deadline)
        }
    }
}
