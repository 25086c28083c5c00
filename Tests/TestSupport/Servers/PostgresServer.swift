import Foundation
import Subprocess
import SystemPackage

/// A real PostgreSQL server for a test: on 127.0.0.1 and an ephemeral port, with its files in a temporary directory.
package struct PostgresServer: Sendable {
    package let port: Int
    /// A socket of the server is in it.
    package let directory: String
    private let processIdentifier: Int32

    package var address: String { "127.0.0.1:\(port)" }
    package var socket: String { "unix://\(directory)/.s.PGSQL.\(port)" }

    package struct Options: Sendable {
        /// Lines of `postgresql.conf`. `DIR` in them is the server's directory.
        package var configuration: [String]
        /// Lines of `pg_hba.conf`, before the one that lets the superuser in over the socket.
        package var access: [String]
        /// Further files, by name, in the server's directory, readable by the server alone.
        package var files: [String: [UInt8]]
        /// What the superuser runs before the test.
        package var setup: [String]

        package init(
            configuration: [String] = [], access: [String] = ["host all all 127.0.0.1/32 scram-sha-256"],
            files: [String: [UInt8]] = [:], setup: [String] = []
        ) {
            self.configuration = configuration
            self.access = access
            self.files = files
            self.setup = setup
        }
    }

    package struct ServerError: Error, CustomStringConvertible {
        package let description: String
    }

    /// If another process takes the port between its choice and the server's start, another port is used.
    private static let maxPortAttempts = 5
    /// Of all versions that are installed, the newest.
    private static let programs = Result {
        let root = "/usr/lib/postgresql"
        let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).compactMap(Int.init)
        guard let newest = versions.max() else { throw ServerError(description: "no PostgreSQL server in \(root)") }
        return "\(root)/\(newest)/bin"
    }

    /// PostgreSQL does not run as root.
    private static let account: (user: uid_t, group: gid_t)? =
        getuid() == 0 ? getpwnam("postgres").map { ($0.pointee.pw_uid, $0.pointee.pw_gid) } : nil

    /// Returns how a program of the server is run, as its own user: by setpriv, since setuid between fork and exec can
    /// deadlock in a process with several threads.
    private static func command(_ program: String, _ arguments: [String]) throws -> (FilePath, Arguments) {
        let path = "\(try programs.get())/\(program)"
        guard let account else { return (FilePath(path), Arguments(arguments)) }
        let user = ["--reuid", "\(account.user)", "--regid", "\(account.group)", "--clear-groups", path]
        return ("/usr/bin/setpriv", Arguments(user + arguments))
    }

    private static var platform: PlatformOptions {
        var options = PlatformOptions()
        // Fast: SIGTERM would wait for the clients.
        options.teardownSequence = [.send(signal: .interrupt, allowedDurationToNextStep: .seconds(10))]
        return options
    }

    /// Starts a server, waits until it is ready, and runs `body`; the server and its directory are gone when this
    /// returns.
    package static func run<Value: Sendable>(
        _ options: Options = Options(), _ body: (PostgresServer) async throws -> Value
    ) async throws -> Value {
        // Short, for a socket's path is at most 107 bytes.
        let directory = URL(filePath: "/tmp/postgres-\(UUID().uuidString.prefix(13))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: directory) }
        try give(directory.path)
        try await initialize(directory, options)
        for _ in 1..<maxPortAttempts {
            if let value = try await attempt(options, directory, body) { return value }
        }
        guard let value = try await attempt(options, directory, body) else {
            throw ServerError(description: "PostgreSQL found its port taken each time")
        }
        return value
    }

    private static func give(_ path: String) throws {
        guard let account else { return }
        guard chown(path, account.user, account.group) == 0 else {
            throw ServerError(
                description: "\(path) cannot be given to user postgres: \(String(cString: strerror(errno)))")
        }
    }

    private static func initialize(_ directory: URL, _ options: Options) async throws {
        try await call(
            "initdb",
            [
                "--pgdata", "\(directory.path)/data", "--no-sync", "--auth", "trust", "--username", "postgres",
                "--locale", "C",
                "--encoding", "UTF8", "--no-instructions",
            ], in: directory.path)
        let lines =
            [
                "listen_addresses = '127.0.0.1'", "unix_socket_directories = 'DIR'", "fsync = off",
                "shared_buffers = 8MB",
                "max_connections = 20",
            ] + options.configuration
        let text = lines.joined(separator: "\n").replacing("DIR", with: directory.path) + "\n"
        try write(Array(text.utf8), to: "\(directory.path)/data/postgresql.conf")
        let access = (options.access + ["local all postgres trust"]).joined(separator: "\n") + "\n"
        try write(Array(access.utf8), to: "\(directory.path)/data/pg_hba.conf")
        for (name, bytes) in options.files { try write(bytes, to: "\(directory.path)/\(name)") }
    }

    private static func write(_ bytes: [UInt8], to path: String) throws {
        try Data(bytes).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        try give(path)
    }

    /// Nil if the port was taken.
    private static func attempt<Value: Sendable>(
        _ options: Options, _ directory: URL, _ body: (PostgresServer) async throws -> Value
    ) async throws -> Value? {
        let port = try RawServer.unusedPort()
        let (program, arguments) = try command("postgres", ["-D", "\(directory.path)/data", "-p", "\(port)"])
        let outcome = try await Subprocess.run(
            .path(program), arguments: arguments,
            environment: .inherit.updating(["LC_ALL": "C"]), workingDirectory: FilePath(directory.path),
            platformOptions: platform, input: .none, output: .discarded, error: .sequence
        ) { execution -> Result<Value?, any Error> in
            var log = execution.standardError.makeAsyncIterator()
            let result: Result<Value?, any Error>
            do {
                if try await isReady(&log) {
                    let server = PostgresServer(
                        port: port, directory: directory.path, processIdentifier: execution.processIdentifier.value)
                    for statement in options.setup { try await server.sql(statement) }
                    result = .success(try await body(server))
                } else {
                    result = .success(nil)
                }
            } catch {
                result = .failure(error)
            }
            // A test may have stopped it.
            try? execution.send(signal: .resume)
            try? execution.send(signal: .interrupt)
            // What it still logs must not block it.
            while try await log.next() != nil {}
            return result
        }
        return try outcome.takeClosureResult().get()
    }

    /// Reads the log until the server is ready; false if its port is taken.
    private static func isReady(_ log: inout SubprocessOutputSequence.Iterator) async throws -> Bool {
        var text = ""
        while let chunk = try await log.next() {
            text += chunk.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            if text.contains("ready to accept connections") { return true }
        }
        if text.contains("Address already in use") { return false }
        throw ServerError(description: "PostgreSQL did not start:\n\(text)")
    }

    // MARK: For tests

    /// Runs statements as the superuser, and returns what they print, without the newline at the end.
    @discardableResult
    package func sql(_ statements: String, database: String = "postgres") async throws -> String {
        try await Self.call(
            "psql",
            [
                "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1", "--host",
                directory,
                "--port", "\(port)", "--username", "postgres", "--dbname", database, "--command", statements,
            ], in: directory)
    }

    @discardableResult
    private static func call(_ program: String, _ arguments: [String], in directory: String) async throws -> String {
        let (path, words) = try command(program, arguments)
        let result = try await Subprocess.run(
            .path(path), arguments: words,
            environment: .inherit.updating(["LC_ALL": "C"]), workingDirectory: FilePath(directory),
            platformOptions: platform, output: .string(limit: 1 << 20), error: .string(limit: 1 << 16))
        guard result.terminationStatus.isSuccess else {
            throw ServerError(description: "\(program): \(result.standardError) \(result.standardOutput)")
        }
        return result.standardOutput.trimmingCharacters(in: .newlines)
    }

    /// Stops the time of the process that accepts connections: new ones are made, and nothing is said on them.
    package func freeze() {
        kill(processIdentifier, SIGSTOP)
    }

    package func resume() {
        kill(processIdentifier, SIGCONT)
    }
}
