import PluginSDK
import SourceSupport
import TestSupport

@testable import generalscaler_plugin_postgresql

extension PostgresServer {
    /// The user `scaler`, who may read the table `jobs` and not `wages`.
    static let setup = [
        "CREATE ROLE scaler LOGIN PASSWORD 'canary-word'", "CREATE TABLE jobs (id int, weight numeric, name text)",
        "INSERT INTO jobs VALUES (1, 2.25, 'a'), (2, 4.5, 'b'), (3, NULL, NULL)", "GRANT SELECT ON jobs TO scaler",
        "CREATE TABLE wages (id int)",
    ]

    static func run<Value: Sendable>(_ body: (PostgresServer) async throws -> Value) async throws -> Value {
        try await run(Options(setup: setup), body)
    }

    /// What the fields of a config are at the server, without a query.
    var at: String {
        #""address": "\#(address)", "database": "postgres", "username": "scaler", "password": "canary-word""#
    }

    /// All fields of a config with a query.
    func query(_ query: String) -> String { #"\#(at), "query": \#(JSON.string(query))"# }
}

struct NoFiles: FileReader {
    func contents(of path: String) throws(FileError) -> [UInt8] {
        throw FileError(path: path, reason: "No such file or directory")
    }
}
