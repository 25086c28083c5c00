import Foundation
import Subprocess

/// A real `redis-server` for a test, on a free port of 127.0.0.1 and with a temporary directory.
package struct RedisServer: Sendable {
    package let port: Int
    /// The server's working directory, which contains the socket of `unixsocket`.
    package let directory: String
    private let processIdentifier: Int32
    private let options: Options

    package var address: String { "127.0.0.1:\(port)" }

    package struct Options: Sendable {
        /// Lines of `redis.conf`. `PORT` stands for the server's port, `OTHER` for another free one, `DIR` for its
        /// directory.
        package var configuration: [String]
        /// Further files by name, in the server's working directory.
        package var files: [String: [UInt8]]
        package var isSentinel: Bool
        /// The arguments of `redis-cli` for the server, such as `--tls`.
        package var clientArguments: [String]

        package init(
            configuration: [String] = [], files: [String: [UInt8]] = [:], isSentinel: Bool = false,
            clientArguments: [String] = []
        ) {
            self.configuration = configuration
            self.files = files
            self.isSentinel = isSentinel
            self.clientArguments = clientArguments
        }
    }

    package struct StartError: Error, CustomStringConvertible {
        package let description: String
    }

    /// The message of `redis-cli`, for example when the server disconnected it because of a role change.
    package struct ClientError: Error, CustomStringConvertible {
        package let description: String
    }

    /// The number of attempts if another process takes the chosen port before the server's start.
    private static let maxPortAttempts = 5

    /// Starts a server, waits until it is ready, and runs `body`. The server and its directory are removed before this
    /// returns.
    package static func run<Value: Sendable>(
        _ options: Options = Options(), _ body: (RedisServer) async throws -> Value
    ) async throws -> Value {
        for _ in 1..<maxPortAttempts {
            if let value = try await attempt(options, body) { return value }
        }
        guard let value = try await attempt(options, body) else {
            throw StartError(description: "redis-server found its port taken each time")
        }
        return value
    }

    /// Starts servers in sequence, and runs `body` with all of them.
    ///
    /// - Parameter options: each is created once the previous servers run.
    package static func run<Value: Sendable>(
        each options: [@Sendable ([RedisServer]) -> Options], started: [RedisServer] = [],
        _ body: ([RedisServer]) async throws -> Value
    ) async throws -> Value {
        guard let next = options.first else { return try await body(started) }
        return try await run(next(started)) { server in
            try await run(each: Array(options.dropFirst()), started: started + [server], body)
        }
    }

    /// Returns nil if the port was taken.
    private static func attempt<Value: Sendable>(
        _ options: Options, _ body: (RedisServer) async throws -> Value
    ) async throws -> Value? {
        // Short, because a socket's path is limited to 107 bytes.
        let directory = URL(filePath: "/tmp/redis-\(UUID().uuidString.prefix(13))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: directory) }
        let port = try RawServer.unusedPort()
        try write(options, to: directory, port: port)
        var platform = PlatformOptions()
        platform.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(5))]

        let outcome = try await Subprocess.run(
            .name("redis-server"),
            arguments: Arguments(["\(directory.path)/redis.conf"] + (options.isSentinel ? ["--sentinel"] : [])),
            platformOptions: platform, input: .none, output: .sequence, error: .discarded
        ) { execution -> Result<Value?, any Error> in
            var log = execution.standardOutput.makeAsyncIterator()
            let result: Result<Value?, any Error>
            do {
                if try await isReady(&log, isSentinel: options.isSentinel) {
                    let server = RedisServer(
                        port: port, directory: directory.path,
                        processIdentifier: execution.processIdentifier.value, options: options)
                    result = .success(try await body(server))
                } else {
                    result = .success(nil)
                }
            } catch {
                result = .failure(error)
            }
            // The test may have ended it already.
            try? execution.send(signal: .terminate)
            // Drains the log, so that the server does not block.
            while try await log.next() != nil {}
            return result
        }
        return try outcome.takeClosureResult().get()
    }

    private static func write(_ options: Options, to directory: URL, port: Int) throws {
        var lines = ["bind 127.0.0.1", "port \(port)", "dir \(directory.path)"]
        let otherPort = try RawServer.unusedPort()
        // A Sentinel supports fewer options.
        if !options.isSentinel { lines += ["save \"\"", "appendonly no"] }
        lines += options.configuration.map { line in
            line.replacing("PORT", with: "\(port)").replacing("OTHER", with: "\(otherPort)")
                .replacing("DIR", with: directory.path)
        }
        // The last value of an option takes precedence.
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: directory.appending(path: "redis.conf"))
        for (name, bytes) in options.files { try Data(bytes).write(to: directory.appending(path: name)) }
    }

    /// Reads the log until the server is ready. Returns false if its port is taken.
    private static func isReady(
        _ log: inout SubprocessOutputSequence.Iterator, isSentinel: Bool
    ) async throws -> Bool {
        var text = ""
        while let chunk = try await log.next() {
            text += chunk.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            if text.contains(isSentinel ? "Sentinel ID is" : "eady to accept connections") { return true }
        }
        if text.contains("Address already in use") { return false }
        throw StartError(description: "redis-server did not start:\n\(text)")
    }

    // MARK: For tests

    /// Runs a command with `redis-cli`, and returns its output without the last newline.
    @discardableResult
    package func command(_ words: String...) async throws -> String {
        try await Self.client(["-p", "\(port)"] + options.clientArguments + words)
    }

    /// Runs `redis-cli`.
    @discardableResult
    package static func client(_ arguments: [String]) async throws -> String {
        let result = try await Subprocess.run(
            .name("redis-cli"), arguments: Arguments(arguments),
            output: .string(limit: 1 << 20), error: .string(limit: 1 << 16))
        guard result.terminationStatus.isSuccess else {
            throw ClientError(description: "redis-cli: \(result.standardError) \(result.standardOutput)")
        }
        return result.standardOutput.trimmingCharacters(in: .newlines)
    }

    /// Ends the server like a crash.
    package func crash() {
        kill(processIdentifier, SIGKILL)
    }

    /// Suspends the server: it accepts connections and does not answer. ``resume()`` continues it.
    package func freeze() {
        kill(processIdentifier, SIGSTOP)
    }

    package func resume() {
        kill(processIdentifier, SIGCONT)
    }
}
