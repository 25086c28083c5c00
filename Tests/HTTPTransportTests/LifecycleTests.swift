import TestSupport
import Testing

@testable import HTTPTransport

@Suite(.timeLimit(.minutes(5)))
struct LifecycleTests {
    @Test("cancelling a task frees its transfer slot immediately")
    func cancellation() async throws {
        let arrived = Mailbox<Void>()
        let closed = Mailbox<Void>()
        try await withClient { client in
            try await RawServer.run { connection in
                _ = connection.readHead()
                arrived.send()
                connection.waitForClose()
                closed.send()
            } _: { port in
                let request = HTTPRequest(url: "http://127.0.0.1:\(port)/", timeout: nil)
                let sending = Task { try await client.send(request) }  // Awaited below.
                try await arrived.next()
                sending.cancel()
                #expect(await failureKind { try await sending.value } == .cancelled)
                try await closed.next()

                let streaming = Task { try await client.stream(request) }  // Awaited below.
                try await arrived.next()
                streaming.cancel()
                #expect(await failureKind { try await streaming.value } == .cancelled)
                try await closed.next()
            }
        }
    }

    @Test("a task that was cancelled before its request is sent gets no response")
    func cancelledBefore() async throws {
        try await withClient { client in
            try await RawServer.run { connection in
                _ = connection.readHead()
                connection.waitForClose()
            } _: { port in
                let sending = Task {  // Awaited below.
                    withUnsafeCurrentTask { $0?.cancel() }
                    return try await client.send(.init(url: "http://127.0.0.1:\(port)/", timeout: nil))
                }
                #expect(await failureKind { try await sending.value } == .cancelled)
            }
        }
    }

    @Test("a cancelled name lookup does not block the loop")
    func cancelledLookup() async throws {
        try await withClient { client in
            try await NameLookup.withStuckName("stuck-cancel.test") {
                let sending = Task {  // Awaited below.
                    try await client.send(.init(url: "http://stuck-cancel.test/", timeout: nil))
                }
                sending.cancel()
                #expect(await failureKind { try await sending.value } == .cancelled)
            }
        }
    }

    @Test("shutdown fails requests in flight and later requests")
    func shutdown() async throws {
        let arrived = Mailbox<Void>()
        let client = CurlHTTPClient(configuration: .init(proxies: .none, concurrentTransfers: 2))
        try await RawServer.run { connection in
            guard let head = connection.readHead() else { return }
            if head.hasPrefix("GET /stream") {
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
            }
            arrived.send()
            connection.waitForClose()
        } _: { port in
            let request = HTTPRequest(url: "http://127.0.0.1:\(port)/", timeout: nil)
            let stream = try await client.stream(.init(url: "http://127.0.0.1:\(port)/stream", timeout: nil))
            try await arrived.next()
            #expect(try await stream.nextChunk() == Array("half".utf8))
            let running = Task { try await client.send(request) }  // Awaited below.
            try await arrived.next()
            let waiting = Task { try await client.send(request) }  // Awaited below.

            await client.shutdown()
            #expect(await failureKind { try await stream.nextChunk() } == .shutDown)
            #expect(await failureKind { try await running.value } == .shutDown)
            #expect(await failureKind { try await waiting.value } == .shutDown)
            #expect(await failureKind { try await client.send(request) } == .shutDown)
            await client.shutdown()
        }
    }

    @Test("two tasks can wait for a shutdown")
    func twoShutdowns() async {
        let client = CurlHTTPClient(configuration: .init(proxies: .none))
        async let first: Void = client.shutdown()
        async let second: Void = client.shutdown()
        _ = await (first, second)
    }

    @Test("the thread of a client ends when the client is released")
    func dropped() async throws {
        var client: CurlHTTPClient? = CurlHTTPClient(configuration: .init(proxies: .none))
        let mailbox = try #require(client?.mailbox)
        client = nil
        await mailbox.waitUntilStopped()
    }
}
