import PluginSDK
import TestSupport
import Testing

@testable import generalscaler_plugin_postgresql

/// Queries at a real server.
@Suite(.timeLimit(.minutes(2)), .serialized) struct PostgresServerTests {
    @Test("a result of any numeric type is the value")
    func resultNumericType() async throws {
        try await PostgresServer.run { server async throws in
            let plugin = PostgresPlugin()
            let cases: [(query: String, value: Double)] = [
                ("SELECT count(*) FROM jobs", 3), ("SELECT sum(weight) FROM jobs", 6.75),
                ("SELECT 7::smallint", 7), ("SELECT -12345678::integer", -12_345_678),
                ("SELECT 9007199254740991::bigint", 9_007_199_254_740_991), ("SELECT 0.1::real", 0.1),
                ("SELECT length('änderung')", 8),
                ("SELECT 0.1::double precision", 0.1), ("SELECT 12.340::numeric(8,3)", 12.34),
                ("SELECT 1e-7::numeric", 1e-7), ("SELECT extract(epoch from interval '90.5 s')", 90.5),
                ("WITH a AS (SELECT 4 AS b) SELECT b FROM a", 4),
                ("VALUES (5)", 5), ("-- a comment\nSELECT 8;", 8),
                ("SELECT count(*) FROM jobs WHERE name = 'a;b'' --'", 0),
            ]
            for (query, value) in cases {
                #expect(try await plugin.value(server.query(query)).value == value, "\(query)")
            }
            #expect(plugin.idleConnections == 1)
        }
    }

    @Test("a result without a row, with NULL, NaN or infinity is no data")
    func resultRowNULL() async throws {
        try await PostgresServer.run { server in
            let plugin = PostgresPlugin()
            let cases = [
                ("SELECT id FROM jobs WHERE id = 99", "returns no row"),
                ("SELECT weight FROM jobs WHERE id = 3", "NULL"),
                ("SELECT NULL", "NULL"), ("SELECT sum(id) FROM jobs WHERE id > 50", "NULL"),
                ("SELECT 'NaN'::double precision", "returns NaN"), ("SELECT 'NaN'::numeric", "returns NaN"),
                ("SELECT '-Infinity'::real", "returns -Infinity"), ("SELECT 'Infinity'::numeric", "returns Infinity"),
            ]
            for (query, hint) in cases {
                let error = try #require(try await plugin.failure(server.query(query)), "\(query)")
                #expect(error.kind == .noData, "\(query): \(error)")
                #expect(error.path == "query")
                #expect(error.message.contains(hint), "\(error.message)")
            }
            #expect(plugin.idleConnections == 1)
        }
    }

    @Test("a result that is not one number is an error that names the query and the fix")
    func resultNumberError() async throws {
        try await PostgresServer.run { server in
            let plugin = PostgresPlugin()
            let cases = [
                ("SELECT id FROM jobs", "more than one row"), ("SELECT 1, 2", "returns 2 columns"),
                ("SELECT FROM jobs", "returns 0 columns"), ("SELECT 1, 2 WHERE false", "returns 2 columns"),
                ("SELECT name FROM jobs WHERE id = 1", "returns text and not a number"), ("SELECT '12'", "CAST"),
                ("SELECT true", "a boolean"), ("SELECT now()", "extract(epoch"),
                ("SELECT interval '1 h'", "extract(epoch"),
                ("SELECT '{1}'::int[]", "type with number 1007"), ("SELECT '1'::jsonb", "JSON"),
                ("SELECT repeat('9', 400)::numeric", "beyond the range"),
                ("SET work_mem = '1MB'", "is not a query that returns a row, but SET"), ("COMMIT", "but COMMIT"),
                ("LISTEN jobs", "but LISTEN"), ("/* nothing */", "is empty"),
                ("COPY jobs TO STDOUT", "is not a query that returns a row"), ("EXPLAIN SELECT 1", "returns text"),
                ("SELECT repeat('x', 9000000)", "more than 4 MiB"),
            ]
            for (query, hint) in cases {
                let error = try #require(try await plugin.failure(server.query(query)), "\(query)")
                #expect(error.kind == .configInvalid, "\(query): \(error)")
                #expect(error.path == "query")
                #expect(error.message.contains(hint), "\(query): \(error.message)")
                // The next query is not affected by what the statement did to the session.
                #expect(try await plugin.value(server.query("SELECT 41 + 1")).value == 42)
            }
        }
    }

    @Test("a failed statement is reported with its SQLSTATE, position and fix")
    func failedStatementReported() async throws {
        try await PostgresServer.run { server in
            let plugin = PostgresPlugin()
            typealias Case = (query: String, kind: PluginError.Kind, path: String, hints: [String])
            let cases: [Case] = [
                (
                    "SELECT count(*) FROM orders", .configInvalid, "query",
                    ["\"orders\" does not exist", "42P01", "character 22"]
                ),
                ("SELECT length FROM jobs", .configInvalid, "query", ["42703"]),
                ("SELECT count(* FROM jobs", .configInvalid, "query", ["syntax error", "42601"]),
                ("SELECT 1; SELECT 2", .configInvalid, "query", ["multiple commands", "42601"]),
                ("SELECT 1; DROP TABLE jobs", .configInvalid, "query", ["42601"]),
                ("SELECT 1 / (id - 1) FROM jobs WHERE id = 1", .configInvalid, "query", ["22012", "NULLIF"]),
                ("SELECT name::int FROM jobs WHERE id = 1", .configInvalid, "query", ["22P02"]),
                ("SELECT (SELECT id FROM jobs)", .configInvalid, "query", ["21000"]),
                ("SELECT $1::int", .configInvalid, "query", ["parameter"]),
                ("SELECT count(*) FROM wages", .authFailed, "username", ["permission denied", "42501", "Grant"]),
                ("SELECT pg_read_file('/etc/passwd')", .authFailed, "username", ["42501"]),
            ]
            for (query, kind, path, hints) in cases {
                let error = try #require(try await plugin.failure(server.query(query)), "\(query)")
                #expect(error.kind == kind, "\(query): \(error)")
                #expect(error.path == path, "\(query): \(error)")
                for hint in hints { #expect(error.message.contains(hint), "\(error.message)") }
            }
            // The errors did not cost a connection.
            #expect(plugin.idleConnections == 1)
            #expect(try await server.sql("SELECT count(*) FROM jobs") == "3")
        }
    }

    @Test(
        "a query cannot write, even if its user may",
        arguments: [
            "INSERT INTO jobs VALUES (4) RETURNING id", "DELETE FROM jobs",
            "WITH d AS (DELETE FROM jobs RETURNING 1) SELECT count(*) FROM d",
            "SELECT count(*) FROM (SELECT set_config('transaction_read_only', 'off', true)) AS a, (SELECT nextval('numbers')) AS b",
            "SELECT nextval('numbers')", "CREATE TABLE more (id int)",
        ])
    func queryWriteUser(query: String) async throws {
        let setup = PostgresServer.setup + ["CREATE SEQUENCE numbers", "ALTER ROLE scaler SUPERUSER"]
        try await PostgresServer.run(PostgresServer.Options(setup: setup)) { server in
            let error = try #require(try await PostgresPlugin().failure(server.query(query)))
            #expect(error.kind == .configInvalid)
            #expect(error.path == "query")
            #expect(error.message.contains("SQLSTATE 25") && error.message.contains("read"), "\(error.message)")
            #expect(try await server.sql("SELECT count(*) FROM jobs") == "3")
            #expect(try await server.sql("SELECT is_called FROM numbers") == "f")
        }
    }

    @Test("the server ends a query that exceeds the deadline, and its connection is used again")
    func serverEndsQuery() async throws {
        try await PostgresServer.run { server in
            let plugin = PostgresPlugin()
            #expect(try await plugin.value(server.query("SELECT 1")).value == 1)
            let start = ContinuousClock.now
            let error = try #require(
                try await plugin.failure(
                    server.query("SELECT count(*) FROM pg_sleep(3600)"), timeout: .milliseconds(1_300)))
            #expect(ContinuousClock.now - start < .seconds(60))
            #expect(error.kind == .deadlineExceeded)
            #expect(error.message.contains("timeoutSeconds"), "\(error.message)")
            #expect(try await plugin.value(server.query("SELECT 2")).value == 2)
            let running =
                "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3600)%' AND pid <> pg_backend_pid() AND state = 'active'"
            while try await server.sql(running) != "0" {
                try #require(ContinuousClock.now - start < .seconds(60))
            }
        }
    }

    @Test("a lock of another session is waited for only until the deadline")
    func lockSessionWaited() async throws {
        try await PostgresServer.run { server in
            let holder = Task { try await server.sql("BEGIN; LOCK TABLE jobs; SELECT pg_sleep(3600)") }
            while try await server.sql("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock'") == "0" {}
            let error = try #require(
                try await PostgresPlugin().failure(
                    server.query("SELECT count(*) FROM jobs"), timeout: .milliseconds(900)))
            #expect(error.kind == .deadlineExceeded)
            try await server.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%LOCK TABLE%' AND pid <> pg_backend_pid()"
            )
            await #expect(throws: PostgresServer.ServerError.self) { try await holder.value }
        }
    }

    @Test("settings that a query changes do not affect the next query")
    func settingsQueryChanges() async throws {
        try await PostgresServer.run { server async throws in
            let plugin = PostgresPlugin()
            let change = "SELECT length(set_config('search_path', 'pg_temp', false))"
            #expect(try await plugin.value(server.query(change)).value == 7)
            #expect(try await plugin.value(server.query("SELECT count(*) FROM jobs")).value == 3)
            #expect(plugin.idleConnections == 1)
        }
    }
}
