import HTTPTransport
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct StreamTests {
    private static let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Kind: watch\r\n\r\n"

    private static func chunk(_ text: String) -> String {
        "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n"
    }

    @Test("the head of a stream is returned before the body, and chunks as they are sent")
    func chunks() async throws {
        let next = ScriptLatch()
        try await withClient { client in
            try await RawServer.run { connection in
                _ = connection.readHead()
                connection.write(Self.head)
                for text in ["one", "two"] {
                    next.pass()
                    connection.write(Self.chunk(text))
                }
                connection.write("0\r\n\r\n")
            } _: { port in
                let stream = try await client.stream(.init(url: "http://127.0.0.1:\(port)/", timeout: .seconds(10)))
                #expect(stream.head.status == 200)
                #expect(stream.head.header("x-kind") == "watch")
                next.open()
                #expect(try await stream.nextChunk() == Array("one".utf8))
                next.open()
                #expect(try await stream.nextChunk() == Array("two".utf8))
                #expect(try await stream.nextChunk() == nil)
                #expect(try await stream.nextChunk() == nil)
            }
        }
    }

    @Test("a slow reader of a stream slows down the server and receives all data")
    func backPressure() async throws {
        let block = (0..<1 << 16).map { UInt8(truncatingIfNeeded: $0 % 251) }
        let total = 512 * block.count
        let accepted = Mailbox<Int>()
        try await withClient { client in
            try await RawServer.run { connection in
                _ = connection.readHead()
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
                var sent = 0
                // Backpressure: nothing is read for 200 ms while the client is idle.
                while sent < total, connection.isWritable(within: 200) {
                    sent += connection.writeWithoutWaiting(Array(block[(sent % block.count)...]))
                }
                accepted.send(sent)
                while sent < total {
                    let rest = Array(block[(sent % block.count)...])
                    guard connection.write(rest) else { return }
                    sent += rest.count
                }
            } _: { port in
                let stream = try await client.stream(.init(url: "http://127.0.0.1:\(port)/", timeout: .seconds(10)))
                // The stream's buffer, and the kernel's buffers of both ends.
                #expect(try await accepted.next() < 16 << 20)
                let body = try await stream.rest()
                #expect(body.count == total)
                for start in stride(from: 0, to: body.count, by: block.count) {
                    #expect(Array(body[start..<min(body.count, start + block.count)]) == block)
                }
            }
        }
    }

    @Test("a stream is not subject to its timeout once the head has arrived")
    func noDeadlineAfterHead() async throws {
        let next = ScriptLatch()
        try await withClient { client in
            try await RawServer.run { connection in
                guard let head = connection.readHead() else { return }
                guard !head.hasPrefix("GET /silent") else { return connection.waitForClose() }
                connection.write(Self.head)
                next.pass()
                connection.write(Self.chunk("late") + "0\r\n\r\n")
            } _: { port in
                let stream = try await client.stream(
                    .init(url: "http://127.0.0.1:\(port)/", timeout: .milliseconds(800)))
                // Started later, so that it ends after the stream's timeout.
                let error = try await failure {
                    try await client.send(.init(url: "http://127.0.0.1:\(port)/silent", timeout: .milliseconds(1_000)))
                }
                #expect(error.kind == .deadline)
                next.open()
                #expect(try await stream.rest() == Array("late".utf8))
            }
        }
    }

    @Test("the connection closes when the reader of a stream stops early", arguments: GivingUp.allCases)
    func givingUp(how: GivingUp) async throws {
        let closed = Mailbox<Void>()
        try await withClient { client in
            try await RawServer.run { connection in
                _ = connection.readHead()
                connection.write(Self.head + Self.chunk("one"))
                connection.waitForClose()
                closed.send()
            } _: { port in
                try await how.giveUp(
                    try await client.stream(.init(url: "http://127.0.0.1:\(port)/", timeout: .seconds(10))))
                try await closed.next()
            }
        }
    }

    enum GivingUp: CaseIterable {
        case dropped, cancelled, cancelledWhileWaiting, taskCancelled

        func giveUp(_ stream: consuming HTTPStream) async throws {
            switch self {
            case .dropped:
                return
            case .cancelled:
                #expect(try await stream.nextChunk() != nil)
                stream.cancel()
                stream.cancel()
                let error = try await failure { try await stream.nextChunk() }
                #expect(error.kind == .cancelled)
            case .cancelledWhileWaiting:
                #expect(try await stream.nextChunk() != nil)
                let reader = Task { [stream] in try await stream.nextChunk() }  // Awaited below.
                stream.cancel()
                let error = try await failure { try await reader.value }
                #expect(error.kind == .cancelled)
            case .taskCancelled:
                #expect(try await stream.nextChunk() != nil)
                let reader = Task { [stream] in try await stream.nextChunk() }  // Awaited below.
                reader.cancel()
                let error = try await failure { try await reader.value }
                #expect(error.kind == .cancelled)
            }
        }
    }

    @Test("a connection lost after the head fails the reader after the data that had arrived")
    func lost() async throws {
        try await withClient { client in
            try await RawServer.run { connection in
                _ = connection.readHead()
                connection.write(Self.head + Self.chunk("one"))
            } _: { port in
                let stream = try await client.stream(.init(url: "http://127.0.0.1:\(port)/", timeout: .seconds(10)))
                #expect(try await stream.nextChunk() == Array("one".utf8))
                let error = try await failure { try await stream.nextChunk() }
                #expect(error.kind == .connectionLost)
            }
        }
    }

    @Test("a stream keeps its client alive")
    func clientDropped() async throws {
        let next = ScriptLatch()
        try await RawServer.run { connection in
            _ = connection.readHead()
            connection.write(Self.head)
            next.pass()
            connection.write(Self.chunk("one") + "0\r\n\r\n")
        } _: { port in
            let stream = try await CurlHTTPClient(configuration: .init(proxies: .none))
                .stream(.init(url: "http://127.0.0.1:\(port)/", timeout: .seconds(10)))
            next.open()
            #expect(try await stream.rest() == Array("one".utf8))
        }
    }
}
