import Glibc
import PluginProtocol
import WireFormats

@testable import PluginSDK

/// The host's ends of a loop's pipes. Used by one task.
final class LoopHost {
    private let input: Pipe
    private var lines: AsyncStream<[UInt8]>.Iterator
    private var inputIsOpen = true

    fileprivate init(input: Pipe, lines: AsyncStream<[UInt8]>) {
        self.input = input
        self.lines = lines.makeAsyncIterator()
    }

    func send(_ lines: String) {
        _ = Descriptor.writeAll(Array((lines + "\n").utf8), to: input.writeEnd)
    }

    func receive() async throws -> PluginMessage {
        guard let line = await lines.next(isolation: #isolation) else { throw SessionScript.Unexpected() }
        return try SessionScript.message(line + [0x0A])
    }

    /// Completes the handshake.
    func initialize() async throws {
        send(SessionScript.initialize)
        _ = try await receive()
    }

    /// - Throws: if there is another line before the end.
    func receiveEnd() async throws {
        guard await lines.next(isolation: #isolation) == nil else { throw SessionScript.Unexpected() }
    }

    func endInput() {
        guard inputIsOpen else { return }
        inputIsOpen = false
        hangUp(input.writeEnd)
    }
}

/// Runs the plugin's loop while `body` acts as the host, and returns after the loop has ended.
///
/// Blocking code runs on separate threads, because tests share few.
func withLoop(_ plugin: some MetricPlugin, _ body: (LoopHost) async throws -> Void) async throws {
    let input = try Pipe()
    let output = try Pipe()
    let runtime = PluginRuntime(plugin)
    let (lines, continuation) = AsyncStream.makeStream(of: [UInt8].self)
    async let loop: Void = ProcessShell.runOnThread {
        if let loop = try? ServeLoop(runtime, input: input.readEnd, output: output.writeEnd) { loop.run() }
        hangUp(output.writeEnd)
    }
    async let reader: Void = ProcessShell.runOnThread {
        var splitter = LineSplitter(maxBytes: ProtocolLimits.maxResponseBytes)
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while case .bytes(let count) = Descriptor.read(output.readEnd, into: &buffer) {
            splitter.append(buffer[..<count])
            while case .complete(let line)? = splitter.next() { continuation.yield(Array(line)) }
        }
        continuation.finish()
    }
    let host = LoopHost(input: input, lines: lines)
    let result: Result<Void, any Error>
    do { result = .success(try await body(host)) } catch { result = .failure(error) }
    host.endInput()
    _ = try await (loop, reader)
    try result.get()
}

/// Closes the open file of a descriptor; the owner still closes the descriptor itself.
private func hangUp(_ descriptor: Int32) {
    let null = open("/dev/null", O_WRONLY)
    dup2(null, descriptor)
    close(null)
}
