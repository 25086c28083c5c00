/// Every bound of the plugin.
enum PostgresLimits {
    static let maxInFlight = 16
    /// Connections to one server with one user and database that are used at one time; further calls wait for one.
    static let maxConnectionsPerDatabase = 4
    /// Connections kept open between calls, of all databases.
    static let maxIdleConnections = 32
    /// A connection that was idle for longer is not used again.
    static let maxIdleAge: Duration = .seconds(120)
    /// Calls at one time whose thread blocks. More than calls in flight: libpq may be slower than a call's deadline
    /// where it cannot be interrupted, such as in the lookup of a name.
    static let maxThreads = 64
    /// Bytes that a server may send for one connection's start, and for one query. A number is a few bytes.
    static let maxAnswerBytes = 4 << 20
    /// Servers of one config, and addresses of one name that are tried.
    static let maxServers = 8
    static let maxAddressesPerName = 8
    /// The server ends the statement so long before the call's deadline, so that its answer still arrives.
    static let statementReserve: Duration = .milliseconds(50)
}
