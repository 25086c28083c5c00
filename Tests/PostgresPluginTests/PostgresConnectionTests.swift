import PluginSDK
import TestSupport
import Testing

@testable import generalscaler_plugin_postgresql

/// Users, places and connections, at a real server.
@Suite(.timeLimit(.minutes(2)), .serialized) struct PostgresConnectionTests {
    private static let query = #""query": "SELECT count(*) FROM jobs""#

    @Test("a server is read through an address, a name, a URL and a socket")
    func serverReadThrough() async throws {
        let options = PostgresServer.Options(
            access: ["host all all 127.0.0.1/32 scram-sha-256", "local all scaler scram-sha-256"],
            setup: PostgresServer.setup)
        try await PostgresServer.run(options) { server async throws in
            let plugin = PostgresPlugin()
            let fields = #""database": "postgres", "username": "scaler", "password": "canary-word""#
            for place in [
                server.at, #""url": "postgresql://scaler:canary%2Dword@\#(server.address)/postgres""#,
                #""url": "POSTGRES://scaler:canary-word@localhost:\#(server.port)/postgres?connect_timeout=3""#,
                #""url": "postgresql://\#(server.address)", \#(fields)"#,
                #""address": "localhost:\#(server.port)", \#(fields)"#, #""address": "\#(server.socket)", \#(fields)"#,
                #""addresses": ["\#(server.socket)"], \#(fields)"#,
            ] {
                #expect(try await plugin.value("\(place), \(Self.query)").value == 3, "\(place)")
            }
            #expect(
                try await server.sql("SELECT DISTINCT application_name FROM pg_stat_activity WHERE usename = 'scaler'")
                    == "generalscaler")
        }
    }

    @Test("a refusal is reported with the fix, and never shows a password")
    func refusalReportedFix() async throws {
        let setup =
            PostgresServer.setup + [
                "CREATE ROLE idle PASSWORD 'canary-word'",
                "CREATE ROLE busy LOGIN PASSWORD 'canary-word' CONNECTION LIMIT 0",
                "CREATE DATABASE closed", "REVOKE CONNECT ON DATABASE closed FROM PUBLIC",
            ]
        let options = PostgresServer.Options(
            access: ["host all nobody 127.0.0.1/32 reject", "host all all 127.0.0.1/32 scram-sha-256"], setup: setup)
        try await PostgresServer.run(options) { server in
            func at(_ user: String, _ password: String?, _ database: String = "postgres") -> String {
                let word = password.map { #", "password": "\#($0)""# } ?? ""
                return #""address": "\#(server.address)", "username": "\#(user)", "database": "\#(database)"\#(word)"#
            }
            typealias Case = (place: String, kind: PluginError.Kind, path: String?, hint: String)
            let cases: [Case] = [
                (at("scaler", "canary-none"), .authFailed, "password", "28P01"),
                (at("stranger", "canary-none"), .authFailed, "password", "28P01"),
                (at("scaler", nil), .authFailed, "password", "set password"),
                (at("nobody", "canary-none"), .authFailed, "username", "pg_hba.conf"),
                (at("idle", "canary-word"), .authFailed, "username", "not permitted to log in"),
                (at("scaler", "canary-word", "missing"), .configInvalid, "database", "3D000"),
                (at("scaler", "canary-word", "closed"), .authFailed, "username", "42501"),
                (at("busy", "canary-word"), .sourceUnreachable, nil, "takes no more connections"),
                (
                    #""url": "postgresql://scaler:canary%2Dnone@\#(server.address)/postgres""#, .authFailed, "password",
                    "28P01"
                ),
            ]
            for (place, kind, path, hint) in cases {
                let plugin = PostgresPlugin()
                let error = try #require(try await plugin.failure("\(place), \(Self.query)"), "\(place)")
                #expect(error.kind == kind, "\(place): \(error)")
                #expect(error.path == path, "\(place): \(error)")
                #expect(error.message.contains(hint), "\(error.message)")
                #expect(!error.message.contains("canary"), "\(error.message)")
                #expect(plugin.idleConnections == 0)
            }
        }
    }

    @Test("a kept connection that the server has closed is replaced")
    func keptConnectionServer() async throws {
        try await PostgresServer.run { server in
            let plugin = PostgresPlugin()
            for _ in 1...3 {
                #expect(try await plugin.value(server.query("SELECT count(*) FROM jobs")).value == 3)
                try await server.sql(
                    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = 'scaler'")
            }
            #expect(plugin.idleConnections == 1)
        }
    }

    @Test("a connection that an administrator ends during a query is replaced once")
    func connectionAdministratorEnds() async throws {
        try await PostgresServer.run { server in
            let plugin = PostgresPlugin()
            #expect(try await plugin.value(server.query("SELECT 1")).value == 1)
            // The first run ends its own session, the second finds no such session to end.
            try await server.sql("CREATE TABLE sessions (pid int); GRANT SELECT ON sessions TO scaler")
            try await server.sql("INSERT INTO sessions SELECT pid FROM pg_stat_activity WHERE usename = 'scaler'")
            let query = "SELECT count(pg_terminate_backend(pid)) FROM sessions WHERE pid = pg_backend_pid()"
            #expect(try await plugin.value(server.query(query)).value == 0)
        }
    }

    @Test("a database gets at most four connections, and further calls wait for one")
    func databaseFourConnections() async throws {
        let setup = PostgresServer.setup + ["ALTER ROLE scaler CONNECTION LIMIT 4"]
        try await PostgresServer.run(PostgresServer.Options(setup: setup)) { server in
            let plugin = PostgresPlugin()
            let values = try await withThrowingTaskGroup(of: Double.self) { group in
                for number in 0..<PostgresLimits.maxInFlight {
                    group.addTask {
                        try await plugin.value(server.query("SELECT \(number) FROM pg_sleep(0.05)")).value
                    }
                }
                return try await group.reduce(into: Set<Double>()) { $0.insert($1) }
            }
            #expect(values == Set((0..<PostgresLimits.maxInFlight).map(Double.init)))
            #expect(plugin.idleConnections == PostgresLimits.maxConnectionsPerDatabase)
        }
    }

    @Test("calls that wait for a connection end at their own deadlines")
    func callsWaitConnection() async throws {
        try await PostgresServer.run { server in
            let plugin = PostgresPlugin()
            let errors = try await withThrowingTaskGroup(of: PluginError?.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await plugin.failure(
                            server.query("SELECT 1 FROM pg_sleep(3600)"), timeout: .milliseconds(1_100))
                    }
                }
                return try await group.reduce(into: [PluginError?]()) { $0.append($1) }
            }
            #expect(errors.count == 8)
            #expect(errors.allSatisfy { $0?.kind == .deadlineExceeded }, "\(errors)")
            #expect(try await plugin.value(server.query("SELECT 3")).value == 3)
        }
    }

    @Test("calls with other credentials, databases or servers share no connection")
    func callsCredentialsDatabases() async throws {
        let setup = PostgresServer.setup + ["CREATE ROLE other LOGIN PASSWORD 'canary-other'", "CREATE DATABASE more"]
        try await PostgresServer.run(PostgresServer.Options(setup: setup)) { server in
            let plugin = PostgresPlugin()
            let name = #""query": "SELECT CASE current_user WHEN 'scaler' THEN 1 ELSE 2 END""#
            func at(_ user: String, _ password: String, _ database: String) -> String {
                #""address": "\#(server.address)", "username": "\#(user)", "password": "\#(password)", "database": "\#(database)", \#(name)"#
            }
            #expect(try await plugin.value(at("scaler", "canary-word", "postgres")).value == 1)
            #expect(try await plugin.value(at("other", "canary-other", "postgres")).value == 2)
            #expect(try await plugin.value(at("scaler", "canary-word", "more")).value == 1)
            #expect(plugin.idleConnections == 3)
            #expect(try await plugin.failure(at("scaler", "canary-other", "postgres"))?.kind == .authFailed)
            // A password that was changed counts for the connections to come.
            try await server.sql("ALTER ROLE other PASSWORD 'canary-next'")
            #expect(try await plugin.value(at("other", "canary-next", "postgres")).value == 2)
            #expect(plugin.idleConnections == 4)
        }
    }

    @Test("the first server that answers and has the required role is used")
    func firstServerAnswers() async throws {
        try await PostgresServer.run { server in
            let plugin = PostgresPlugin()
            let closed = try RawServer.unusedPort()
            let fields = #""database": "postgres", "username": "scaler", "password": "canary-word", \#(Self.query)"#
            func at(_ first: String, _ role: String) -> String {
                #""addresses": ["\#(first)", "\#(server.address)"], "role": "\#(role)", \#(fields)"#
            }
            #expect(try await plugin.value(at("127.0.0.1:\(closed)", "primary")).value == 3)
            #expect(try await plugin.value(at("postgres.invalid", "any")).value == 3)
            let url =
                #""url": "postgresql://127.0.0.1:\#(closed),\#(server.address)?target_session_attrs=read-write", \#(fields)"#
            #expect(try await plugin.value(url).value == 3)
            let error = try #require(try await plugin.failure(at(server.address, "standby")))
            #expect(error.kind == .sourceUnreachable)
            #expect(error.path == "role")
            #expect(error.message.contains("does not have the role standby"), "\(error.message)")

            // A server that accepts and says nothing gets its share of the time, and no more.
            try await RawServer.run(script: { $0.waitForClose() }) { port async throws in
                #expect(try await plugin.value(at("127.0.0.1:\(port)", "any"), timeout: .seconds(8)).value == 3)
            }
            // A refusal is no reason to ask another server.
            let refused =
                #""addresses": ["\#(server.address)", "127.0.0.1:\#(closed)"], "database": "no", "username": "scaler", "password": "canary-word", \#(Self.query)"#
            #expect(try await plugin.failure(refused)?.kind == .configInvalid)
        }
    }

    @Test("a server that is suspended for a while is read again once it resumes")
    func serverSuspendedRead() async throws {
        try await PostgresServer.run { server in
            server.freeze()
            let plugin = PostgresPlugin()
            let error = try await plugin.failure(server.query("SELECT 1"), timeout: .milliseconds(400))
            #expect(error?.kind == .deadlineExceeded)
            #expect(
                error?.message.contains("a connection to \(server.address) was made") == true, "\(error?.message ?? "")"
            )
            server.resume()
            #expect(try await plugin.value(server.query("SELECT 1")).value == 1)
        }
    }

    @Test("a refused connection and a name without an address have different errors")
    func refusedConnectionName() async throws {
        let plugin = PostgresPlugin()
        let port = try RawServer.unusedPort()
        let fields = #""database": "d", "username": "u", \#(Self.query)"#
        let refused = try #require(try await plugin.failure(#""address": "127.0.0.1:\#(port)", \#(fields)"#))
        #expect(refused.kind == .sourceUnreachable)
        #expect(refused.message.hasPrefix("no connection to 127.0.0.1:\(port): Connection refused. Check the address"))
        let name = try #require(try await plugin.failure(#""address": "postgres.invalid", \#(fields)"#))
        #expect(name.kind == .sourceUnreachable)
        #expect(name.message.contains("no address found for postgres.invalid"), "\(name.message)")
        let socket = try #require(
            try await plugin.failure(#""address": "unix:///nonexistent/.s.PGSQL.5432", \#(fields)"#))
        #expect(socket.kind == .sourceUnreachable)
        #expect(socket.message.contains("/nonexistent/.s.PGSQL.5432: No such file"), "\(socket.message)")
    }
}
