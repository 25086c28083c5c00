import Subprocess
import TestSupport
import Testing
import WireFormats

/// Runs the event queue's executable with a server that behaves like the Pub/Sub emulator.
@Suite(.timeLimit(.minutes(3))) struct EventQueueTests {
    @Test("messages are pulled, processed and acknowledged, also after an error")
    func messagesPulledProcessed() async throws {
        let (acknowledgements, acknowledged) = AsyncStream<String>.makeStream()
        let script: @Sendable (RawServer.Connection) -> Void = { connection in
            var pulls = 0
            while let head = connection.readHead() {
                let field = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
                let length = field.flatMap { Int($0.filter(\.isNumber)) } ?? 0
                var body: [UInt8] = []
                while body.count < length, let more = connection.read() { body += more }
                var answer = "{}"
                var status = "200 OK"
                if head.hasPrefix("POST /v1/projects/shop/subscriptions/orders:pull ") {
                    pulls += 1
                    if pulls == 1 {
                        status = "503 Service Unavailable"
                    } else if pulls == 2 {
                        answer = #"""
                            {"receivedMessages": [{"ackId": "ack-1", "message": {"messageId": "1", "data": "aGk="}},
                            {"ackId": "ack-2", "message": {"messageId": "2"}}]}
                            """#
                    }
                } else if head.hasPrefix("POST /v1/projects/shop/subscriptions/orders:acknowledge ") {
                    acknowledged.yield(String(decoding: body, as: UTF8.self))
                } else {
                    status = "404 Not Found"
                }
                connection.write("HTTP/1.1 \(status)\r\nContent-Length: \(answer.utf8.count)\r\n\r\n\(answer)")
            }
        }
        try await RawServer.run(script: script) { port in
            let outcome = try await Subprocess.run(
                .name("event-queue"),
                environment: .inherit.updating([
                    "PATH": BuiltExecutable.directory, "PUBSUB_EMULATOR_HOST": "127.0.0.1:\(port)", "PROJECT": "shop",
                    "SUBSCRIPTION": "orders", "WORK_MILLISECONDS": "1",
                ]),
                input: .none, output: .sequence, error: .discarded
            ) { execution -> String? in
                var received = acknowledgements.makeAsyncIterator()
                let first = await received.next()
                try execution.send(signal: .terminate)
                var output = execution.standardOutput.makeAsyncIterator()
                while try await output.next() != nil {}
                return first
            }
            #expect(outcome.terminationStatus == .exited(0))
            let body = try #require(outcome.takeClosureResult())
            #expect(try JSON(parsing: body) == ["ackIds": ["ack-1", "ack-2"]])
        }
    }
}
