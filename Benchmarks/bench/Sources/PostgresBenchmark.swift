import TestSupport

/// 1,000 scalers that each send another query to one PostgreSQL server.
struct PostgresBenchmark: Benchmark {
    let name = "postgresql"

    func run() async throws -> [Measurement] {
        let setup = ["CREATE ROLE scaler LOGIN PASSWORD 'bench-word'"]
        return try await PostgresServer.run(.init(setup: setup)) { server in
            let load = try PluginLoad(type: "postgresql", plugin: "postgresql", maxInFlight: 16)
            let login = #""database":"postgres","username":"scaler","password":"bench-word""#
            return try load.measure(name, library: "libpq") { number in
                #"{"address":"\#(server.address)",\#(login),"query":"\#(PostgresLoop.query(number))"}"#
            } secondsPerReading: {
                try PostgresLoop.secondsPerReading(port: server.port)
            }
        }
    }
}
