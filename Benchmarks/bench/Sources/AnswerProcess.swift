import Hummingbird
import Logging
import WireFormats

/// An HTTP server in a separate process with a fixed JSON answer for each path. Its first line of input has the answers; it
/// ends with its input.
enum AnswerProcess {
    static let flag = "--answers"

    static func run() async throws {
        let answers = try JSON(parsing: Array((readLine() ?? "").utf8)).objectValue ?? [:]
        let bodies = answers.mapValues { ByteBuffer(string: "\($0)") }
        let port = AsyncStream<Int>.makeStream()
        let application = Application(
            responder: CallbackResponder<BasicRequestContext> { request, _ in
                guard let body = bodies[request.uri.path] else { return Response(status: .notFound) }
                return Response(
                    status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: body))
            },
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { port.continuation.yield($0.localAddress?.port ?? 0) },
            logger: Logger.none)
        await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await application.run() }
            for await number in port.stream {
                print(number)
                break
            }
            // Blocks this thread, which has no other work.
            while readLine() != nil {}
            tasks.cancelAll()
        }
    }

    /// Starts the process.
    ///
    /// - Returns: the process, which ends with its last reference, and its URL.
    static func start(_ answers: [String: JSON]) throws -> (LineProcess, address: String) {
        let process = try LineProcess(["/proc/self/exe", flag])
        try process.send("\(JSON.object(answers))")
        return (process, "http://127.0.0.1:\(try process.receive())")
    }
}
