import CPostgres
import Glibc

/// The limit for PostgreSQL: a bare loop of libpq in a separate process that sends the same statements over one connection:
/// each query in a read-only transaction with a time limit.
enum PostgresLoop {
    static let flag = "--postgres-loop"

    static func query(_ number: Int) -> String { "SELECT 1000 + \(number)" }

    /// Returns the CPU seconds of one query.
    static func secondsPerReading(port: Int) throws -> Double {
        let loop = try LineProcess(["/proc/self/exe", flag, "\(port)"])
        guard let result = Double(try loop.receive()) else { throw BenchError("the loop of libpq failed") }
        return result
    }

    /// Runs the other process.
    static func run(_ words: [String]) throws {
        guard words.count == 1 else { throw BenchError("\(flag) PORT") }
        let connection = PQconnectdb(
            "host=127.0.0.1 port=\(words[0]) dbname=postgres user=scaler password=bench-word")
        defer { PQfinish(connection) }
        guard PQstatus(connection) == CONNECTION_OK else {
            throw BenchError("libpq: \(String(cString: PQerrorMessage(connection)))")
        }
        func round() throws {
            for number in 0..<PluginLoad.scalers { try run(query(number), connection) }
        }
        try round()
        let before = try ProcessTimes.cpuSeconds(of: getpid())
        for _ in 1...PluginLoad.rounds { try round() }
        let seconds = try ProcessTimes.cpuSeconds(of: getpid()) - before
        print(seconds / Double(PluginLoad.rounds * PluginLoad.scalers))
    }

    private static func run(_ query: String, _ connection: OpaquePointer?) throws {
        PQenterPipelineMode(connection)
        for statement in ["BEGIN TRANSACTION READ ONLY", "SET LOCAL statement_timeout = 9000", query, "ROLLBACK"] {
            PQsendQueryParams(connection, statement, 0, nil, nil, nil, nil, 0)
        }
        PQpipelineSync(connection)
        var rows = 0
        var hasEnded = false
        while !hasEnded {
            // Nil is the end of a statement's results.
            guard let result = PQgetResult(connection) else {
                guard PQstatus(connection) == CONNECTION_OK else { throw BenchError("libpq: the connection is lost") }
                continue
            }
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_PIPELINE_SYNC: hasEnded = true
            case PGRES_TUPLES_OK: rows += 1
            case PGRES_COMMAND_OK: break
            default: throw BenchError("libpq: \(String(cString: PQresultErrorMessage(result)))")
            }
        }
        guard rows == 1, PQexitPipelineMode(connection) == 1 else { throw BenchError("libpq: no row") }
    }
}
