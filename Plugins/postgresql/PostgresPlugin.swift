import CPostgres
import Glibc
import PluginSDK
import SourceSupport

/// Reads the one number that an SQL query returns.
@main
struct PostgresPlugin: MetricPlugin {
    typealias Config = PostgresConfig

    static let metricType = "postgresql"
    static let description = "The number that an SQL query returns from PostgreSQL."
    static let version = SourceVersion.current
    static let defaultTargetType = TargetType.averageValue
    static let maxInFlight = PostgresLimits.maxInFlight

    private let lanes = Lanes()
    private let pool = ConnectionPool()
    private let files: any FileReader

    init() {
        // Before the first thread: libpq would take a server, a password or a mode of TLS from them.
        Self.clearEnvironment()
        self.init(files: SystemFileReader())
    }

    init(files: any FileReader) {
        self.files = files
    }

    /// How many connections are kept for the next calls.
    var idleConnections: Int { pool.idleCount }

    func value(for request: MetricRequest<Config>) async throws -> MetricReading {
        let config = request.config
        // Certificates may be files.
        let target = try config.target.value(isConstant: config.tls == nil) { () throws(PluginError) in
            QueryTarget(lane: lanes.lane(of: try PostgresEndpoint(config, files: files)), query: config.query)
        }
        let call = QueryCall(timeLeft: request.timeLeft, until: request.deadline, in: target.lane)
        do throws(PostgresFailure) {
            return try await pool.answer(to: target.query, call, request.sockets).reading()
        } catch {
            throw error.error
        }
    }

    /// Removes the variables that libpq fills in settings from.
    private static func clearEnvironment() {
        var names = ["PGSERVICEFILE", "PGSYSCONFDIR", "PGLOCALEDIR"]
        if let options = PQconndefaults() {
            defer { PQconninfoFree(options) }
            var option = options
            while option.pointee.keyword != nil {
                if let name = option.pointee.envvar { names.append(String(cString: name)) }
                option += 1
            }
        }
        for name in names { unsetenv(name) }
    }
}
