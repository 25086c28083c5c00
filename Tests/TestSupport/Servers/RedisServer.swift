import Foundation
import Subprocess

/// A real `redis-server` for a test: on 127.0.0.1 and a port of its own, with its files in a directory of its own.
package struct RedisServer: Sendable {
    package let port: Int
    /// The server's working directory; a socket that `unixsocket` names lies there.
    package let directory: String
    private let processIdentifier: Int32
    private let options: Options

    package var address: String { "127.0.0.1:\(port)" }

    package struct Options: Sendable {
        /// Lines of `redis.conf`. `PORT` in them is the server's port, `OTHER` a further free one, `DIR` its directory.
        package var configuration: [String]
        /// Further files, by name, in the server's working directory.
        package var files: [String: [UInt8]]
        package var isSentinel: Bool
        /// What `redis-cli` needs to speak to the server, such as `--tls`.
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

    /// What `redis-cli` said: for one that the server let go of, as it does when it changes its role.
    package struct ClientError: Error, CustomStringConvertible {
        package let description: String
    }

    /// If another process takes the port between its choice and the server's start, another port is used.
    private static let maxPortAttempts = 5

    /// Starts a server, waits until it says that it is ready, and runs `body`; the server and its directory are gone
    /// when this returns.
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

    /// Starts one server after the other, and runs `body` with all of them.
    ///
    /// - Parameter options: Each is made once those before it run.
    package static func run<Value: Sendable>(
        each options: [@Sendable ([RedisServer]) -> Options], started: [RedisServer] = [],
        _ body: ([RedisServer]) async throws -> Value
    ) async throws -> Value {
        guard let next = options.first else { return try await body(started) }
        return try await run(next(started)) { server in
            try await run(each: Array(options.dropFirst()), started: started + [server], body)
        }
    }

    /// Nil if the port was taken.
    private static func attempt<Value: Sendable>(
        _ options: Options, _ body: (RedisServer) async throws -> Value
    ) async throws -> Value? {
        // Short, for a socket's path is at most 107 bytes.
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
            // A test may have ended it already.
            try? execution.send(signal: .terminate)
            // What it still logs must not block it.
            while try await log.next() != nil {}
            return result
        }
        return try outcome.takeClosureResult().get()
    }

    private static func write(_ options: Options, to directory: URL, port: Int) throws {
        var lines = ["bind 127.0.0.1", "port \(port)", "dir \(directory.path)"]
        let otherPort = try RawServer.unusedPort()
        // A Sentinel knows fewer options.
        if !options.isSentinel { lines += ["save \"\"", "appendonly no"] }
        lines += options.configuration.map { line in
            line.replacing("PORT", with: "\(port)").replacing("OTHER", with: "\(otherPort)")
                .replacing("DIR", with: directory.path)
        }
        // The last word on an option counts.
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: directory.appending(path: "redis.conf"))
        for (name, bytes) in options.files { try Data(bytes).write(to: directory.appending(path: name)) }
    }

    /// Reads the log until the server is ready; false if its port is taken.
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

    /// Runs a command with `redis-cli`, and gives what it prints, without the newline at the end.
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

    /// Ends the server as a crash would.
    package func crash() {
        kill(processIdentifier, SIGKILL)
    }

    /// Stops the server's time: it accepts connections and says nothing. ``resume()`` lets it go on.
    package func freeze() {
        kill(processIdentifier, SIGSTOP)
    }

    package func resume() {
        kill(processIdentifier, SIGCONT)
    }
}
