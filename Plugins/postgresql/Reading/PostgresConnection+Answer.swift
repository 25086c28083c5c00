import CPostgres
import PluginSDK

extension PostgresConnection {
    private enum Statement {
        case begin
        case timeout
        case query
        case rollback
        case end
    }

    private struct Outcome {
        var answer: QueryAnswer?
        /// The first error.
        var failure: SQLError?
    }

    /// Runs the query in a read-only transaction that is rolled back, with a time limit that the server keeps. All
    /// statements are sent at once; each is one, as the extended protocol demands.
    ///
    /// The settings are the transaction's and not the session's, so that they hold behind a pooler too.
    func answer(
        to query: String, _ call: QueryCall, _ sockets: any SocketWaits
    ) async throws(PostgresFailure) -> QueryAnswer {
        isReusable = false
        beginCount()
        call.enter(.querying(place: place))
        guard PQenterPipelineMode(handle) == 1 else { throw .lost(self) }
        let (seconds, attoseconds) = (call.timeLeft - PostgresLimits.statementReserve).components
        let milliseconds = seconds * 1_000 + attoseconds / 1_000_000_000_000_000
        // 0 would be no limit.
        let limit = "SET LOCAL statement_timeout = \(max(1, milliseconds))"
        var outcome = Outcome()
        try send(["BEGIN TRANSACTION READ ONLY", limit, query, "ROLLBACK"])
        try await receive([.begin, .timeout, .query, .rollback, .end], &outcome, call, sockets)
        if outcome.failure != nil {
            // The server skipped what followed the error.
            try send(["ROLLBACK"])
            try await receive([.rollback, .end], &outcome, call, sockets)
        }
        guard PQexitPipelineMode(handle) == 1 else { throw .lost(self) }
        isReusable = PQtransactionStatus(handle) == PQTRANS_IDLE
        if let failure = outcome.failure {
            throw .refused(failure, place, hasTime: call.timeLeft > PostgresLimits.statementReserve * 2)
        }
        guard let answer = outcome.answer else { throw .lost(self) }
        return answer
    }

    private func send(_ statements: [String]) throws(PostgresFailure) {
        let areSent = statements.allSatisfy { PQsendQueryParams(handle, $0, 0, nil, nil, nil, nil, 0) == 1 }
        guard areSent, PQpipelineSync(handle) == 1 else { throw .lost(self) }
    }

    private func receive(
        _ statements: [Statement], _ outcome: inout Outcome, _ call: QueryCall, _ sockets: any SocketWaits
    ) async throws(PostgresFailure) {
        for statement in statements {
            if statement == .query { PQsetSingleRowMode(handle) }
            var rows = RowCollector()
            while let result = try await nextResult(call, sockets) {
                if result.status == PGRES_PIPELINE_SYNC { break }
                if let error = SQLError(result) {
                    guard PQstatus(handle) == CONNECTION_OK else { throw .lost(self, error) }
                    outcome.failure = outcome.failure ?? error
                } else if statement == .query, outcome.failure == nil {
                    try rows.add(result)
                }
            }
            if statement == .query, outcome.failure == nil { outcome.answer = try rows.answer() }
        }
    }
}
