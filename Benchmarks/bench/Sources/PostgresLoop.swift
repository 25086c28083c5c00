import CPostgres
import Glibc

/// The limit for PostgreSQL: a bare loop of libpq in a separate process that sends the same queries over one connection.
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
            for number in 0..<PluginLoad.scalers {
                let result = PQexec(connection, query(number))
                defer { PQclear(result) }
                guard PQresultStatus(result) == PGRES_TUPLES_OK else { throw BenchError("libpq: no row") }
            }
        }
        try round()
        let before = try ProcessTimes.cpuSeconds(of: getpid())
        for _ in 1...PluginLoad.rounds { try round() }
        let seconds = try ProcessTimes.cpuSeconds(of: getpid()) - before
        print(seconds / Double(PluginLoad.rounds * PluginLoad.scalers))
    }
}
