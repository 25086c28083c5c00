import Dispatch
// Process is not in a smaller part of Foundation.
import Foundation
import HTTPTransport
import Testing

/// Runs the body with a client that is shut down afterwards.
func withClient<Answer>(
    _ configuration: CurlHTTPClient.Configuration = CurlHTTPClient.Configuration(proxies: .none),
    _ body: (CurlHTTPClient) async throws -> Answer
) async throws -> Answer {
    let client = CurlHTTPClient(configuration: configuration)
    do {
        let answer = try await body(client)
        await client.shutdown()
        return answer
    } catch {
        await client.shutdown()
        throw error
    }
}

/// Returns the kind of the thrown error, or nil if there was none.
func failureKind<Answer>(_ body: () async throws -> Answer) async -> HTTPError.Kind? {
    do {
        _ = try await body()
        return nil
    } catch {
        return (error as? HTTPError)?.kind
    }
}

/// Returns the thrown error; fails the test if there was none.
func failure<Answer>(
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Answer
) async throws -> HTTPError {
    let error = await #expect(throws: HTTPError.self, sourceLocation: sourceLocation) { try await body() }
    return try #require(error, sourceLocation: sourceLocation)
}

extension HTTPResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
}

extension HTTPStream {
    /// Reads the rest of the body.
    func rest() async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let chunk = try await nextChunk() {
            bytes += chunk
        }
        return bytes
    }
}

/// Releases all waiters once `count` have arrived.
actor Barrier {
    private var missing: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(count: Int) {
        missing = count
    }

    func arrive() async {
        missing -= 1
        if missing > 0 {
            await withCheckedContinuation { waiting.append($0) }
        } else {
            for continuation in waiting {
                continuation.resume()
            }
            waiting = []
        }
    }
}

/// A channel of values from any thread to one waiting test.
struct Mailbox<Value: Sendable>: Sendable {
    private let stream: AsyncStream<Value>
    private let continuation: AsyncStream<Value>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    func send(_ value: Value) {
        continuation.yield(value)
    }

    func next() async throws -> Value {
        try #require(await stream.first { _ in true })
    }
}

extension Mailbox<Void> {
    func send() { send(()) }
}

/// Blocks a raw server's script until the test releases it.
final class ScriptLatch: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func open() { semaphore.signal() }

    /// Blocks the script's own thread; returns false if the test never opened the latch.
    @discardableResult
    func pass() -> Bool { semaphore.wait(timeout: .now() + 30) == .success }
}

/// Returns that many zero bytes, compressed with the `gzip` tool.
func gzip(zeros count: Int) throws -> [UInt8] {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", "head -c \(count) /dev/zero | gzip -9"]
    process.standardOutput = output
    try process.run()
    let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return Array(bytes)
}
