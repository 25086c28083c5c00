import PluginSDK
import TestSupport
import Testing

@testable import generalscaler_plugin_postgresql

/// Servers that misbehave.
@Suite(.timeLimit(.minutes(2))) struct PostgresFaultTests {
    /// A message of the protocol: its kind, its length with the length itself, and its content.
    private static func message(_ kind: Character, _ content: [UInt8], length: UInt32? = nil) -> [UInt8] {
        let length = length ?? UInt32(content.count + 4)
        return [kind.asciiValue ?? 0] + withUnsafeBytes(of: length.bigEndian, Array.init) + content
    }

    private static let authenticated = message("R", [0, 0, 0, 0])
    private static let ready = message("Z", Array("I".utf8))

    /// Refuses TLS, and lets the client in.
    private static func accept(_ connection: RawServer.Connection) {
        guard let first = connection.read() else { return }
        // The request for TLS has 8 bytes.
        if first.count == 8 {
            connection.write("N")
            guard connection.read() != nil else { return }
        }
        connection.write(authenticated + ready)
        _ = connection.read()
    }

    private func failure(
        timeout: Duration = .seconds(20), script: @escaping @Sendable (RawServer.Connection) -> Void
    ) async throws -> PluginError {
        try await RawServer.run(script: script) { port in
            let plugin = PostgresPlugin()
            let error = try await plugin.failure(
                #""address": "127.0.0.1:\#(port)", "database": "d", "username": "u", "password": "canary-word", "query": "SELECT 1""#,
                timeout: timeout)
            #expect(plugin.idleConnections == 0)
            return try #require(error)
        }
    }

    @Test(
        "a server of another protocol is reported as such",
        arguments: [
            "", "HTTP/1.1 400 Bad Request\r\n\r\n", "\u{15}\u{3}\u{1}\u{0}\u{2}\u{2}\u{46}", "+OK\r\n", "\r\n",
        ])
    func serverProtocolReported(answer: String) async throws {
        let error = try await failure { connection in
            _ = connection.read()
            connection.write(answer)
        }
        #expect(error.kind == .sourceUnreachable)
        #expect(error.message.contains("Check that it is a PostgreSQL server"), "\(error.message)")
        #expect(!error.message.contains("canary"))
    }

    @Test("a server that accepts and sends nothing is abandoned at the deadline")
    func serverAcceptsSends() async throws {
        let start = ContinuousClock.now
        let error = try await failure(timeout: .milliseconds(500)) { $0.waitForClose() }
        #expect(error.kind == .deadlineExceeded)
        #expect(ContinuousClock.now - start < .seconds(60))
    }

    @Test("a session that answers no query is abandoned at the deadline")
    func sessionAnswersQuery() async throws {
        let start = ContinuousClock.now
        let error = try await failure(timeout: .milliseconds(700)) { connection in
            Self.accept(connection)
            connection.waitForClose()
        }
        #expect(error.kind == .deadlineExceeded)
        #expect(error.message.contains("the query ran"), "\(error.message)")
        #expect(ContinuousClock.now - start < .seconds(60))
    }

    @Test("an answer that arrives byte by byte ends at the deadline")
    func answerArrivesByte() async throws {
        let start = ContinuousClock.now
        let error = try await failure(timeout: .seconds(1)) { connection in
            Self.accept(connection)
            connection.write(Self.message("D", [], length: 1_000_000))
            while connection.write("x"), !connection.isClosed(within: 50) {}
        }
        #expect(error.kind == .deadlineExceeded)
        #expect(ContinuousClock.now - start < .seconds(60))
    }

    @Test("a connection that ends during a query is reported as lost")
    func connectionEndsDuring() async throws {
        let error = try await failure { connection in
            Self.accept(connection)
            connection.write(Self.message("1", []) + Self.message("D", [0, 1]).prefix(3))
        }
        #expect(error.kind == .sourceUnreachable)
        #expect(error.message.contains("was lost"), "\(error.message)")
    }

    @Test("an answer of 1 GB is read only up to the size limit", arguments: [true, false])
    func answer1GB(afterLogin: Bool) async throws {
        let error = try await failure { connection in
            if afterLogin {
                Self.accept(connection)
                connection.write(Self.message("D", [], length: 1 << 30))
            } else {
                let first = connection.read()
                if first?.count == 8 {
                    connection.write("N")
                    _ = connection.read()
                }
                connection.write(Self.authenticated)
            }
            let setting = Self.message(
                "S", Array("a\0".utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: 9_000) + [0])
            let block = (0..<64).flatMap { _ in setting }
            while connection.write(block) {}
        }
        #expect(error.kind == .configInvalid, "\(error)")
        #expect(error.message.contains("more than 4 MiB"), "\(error.message)")
    }

    @Test("a server error is reported on one line and without control characters")
    func serverErrorReported() async throws {
        let error = try await failure { connection in
            let first = connection.read()
            if first?.count == 8 {
                connection.write("N")
                _ = connection.read()
            }
            let fields = "SFATAL\0VFATAL\0C57P03\0Mstarting\u{1B}[31m up\0\0"
            connection.write(Self.message("E", Array(fields.utf8)))
        }
        #expect(error.kind == .sourceUnreachable)
        #expect(error.message.contains("57P03") && error.message.contains("next poll"), "\(error.message)")
        #expect(!error.message.contains("\u{1B}"))
    }

    @Test("a cancelled call ends immediately, and its connection is not used again")
    func cancelledCallEnds() async throws {
        let (arrivals, arrived) = AsyncStream<Void>.makeStream()
        let (closings, closed) = AsyncStream<Void>.makeStream()
        let script: @Sendable (RawServer.Connection) -> Void = { connection in
            Self.accept(connection)
            arrived.yield()
            connection.waitForClose()
            closed.yield()
        }
        try await RawServer.run(script: script) { port in
            let plugin = PostgresPlugin()
            let start = ContinuousClock.now
            let call = Task {
                try await plugin.value(
                    #""address": "127.0.0.1:\#(port)", "database": "d", "username": "u", "query": "SELECT 1""#,
                    timeout: .seconds(90))
            }
            for await _ in arrivals { break }
            call.cancel()
            let error = await #expect(throws: PluginError.self) { try await call.value }
            #expect(error?.kind == .cancelled)
            // The server sees the end of the connection too.
            for await _ in closings { break }
            #expect(ContinuousClock.now - start < .seconds(60))
            #expect(plugin.idleConnections == 0)
        }
    }

    @Test("the plugin's output contains no secret")
    func pluginOutputContains() async throws {
        let port = try RawServer.unusedPort()
        let fields = #""address": "127.0.0.1:\#(port)", "database": "d", "username": "u", "query": "SELECT 1""#
        let configs = [
            #"{\#(fields), "password": "canary-1"}"#, #"{\#(fields), "password": ["canary-2"]}"#,
            #"{"url": "postgresql://u:canary-3@127.0.0.1:\#(port)/d", "query": "SELECT 1"}"#,
            #"{"url": "postgresql://u:canary-4@127.0.0.1:\#(port)/d?sslmode=x%zz", "query": "SELECT 1"}"#,
            #"{\#(fields), "password": "canary-5", "tls": {"cert": "/none", "key": "canary-6"}}"#,
        ]
        let transcript = try await PluginTranscript(
            "generalscaler-plugin-postgresql", type: "postgresql", configs: configs)
        #expect(transcript.standardOutput.split(separator: "\n").count == 1 + 2 * configs.count)
        #expect(transcript.standardOutput.contains("127.0.0.1:\(port)"))
        #expect(!transcript.everything.contains("canary"))
    }
}
