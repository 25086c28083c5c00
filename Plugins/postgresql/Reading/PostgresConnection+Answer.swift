import CPostgres
import PluginSDK

extension PostgresConnection {
    private enum Statement: CaseIterable {
        case begin
        case timeout
        case query
        case endOfQuery
        case rollback
        case end
    }

    /// Runs the query in a read-only transaction that is rolled back, with a time limit that the server keeps. All
    /// statements are sent at once; each is one, as the extended protocol demands.
    ///
    /// The settings are the transaction's and not the session's, so that they hold behind a pooler too.
    func answer(to query: String, _ call: QueryCall) throws(PostgresFailure) -> QueryAnswer {
        isReusable = false
        beginCount()
        call.enter("the query ran at \(place)")
        try send(query, call)
        var answer: QueryAnswer?
        var failure: SQLError?
        for statement in Statement.allCases {
            if statement == .query { PQsetSingleRowMode(handle) }
            var rows = RowCollector()
            while let result = try nextResult(call) {
                if result.status == PGRES_PIPELINE_SYNC { break }
                if let error = SQLError(result) {
                    guard PQstatus(handle) == CONNECTION_OK else { throw .lost(self, error) }
                    failure = failure ?? error
                } else if statement == .query, failure == nil {
                    try rows.add(result)
                }
            }
            if statement == .query, failure == nil { answer = try rows.answer() }
        }
        guard PQexitPipelineMode(handle) == 1 else { throw .lost(self) }
        isReusable = PQtransactionStatus(handle) == PQTRANS_IDLE
        if let failure { throw .refused(failure, place, hasTime: call.timeLeft > PostgresLimits.statementReserve * 2) }
        guard let answer else { throw .lost(self) }
        return answer
    }

    private func send(_ query: String, _ call: QueryCall) throws(PostgresFailure) {
        let time = (call.timeLeft - PostgresLimits.statementReserve) / .milliseconds(1)
        // 0 would be no limit.
        let limit = "SET LOCAL statement_timeout = \(max(1, Int(time)))"
        var isSent = PQenterPipelineMode(handle) == 1
        for text in ["BEGIN TRANSACTION READ ONLY", limit, query] { isSent = isSent && send(text) }
        // What follows an error is skipped up to here.
        isSent = isSent && PQpipelineSync(handle) == 1 && send("ROLLBACK") && PQpipelineSync(handle) == 1
        guard isSent else { throw .lost(self) }
    }

    private func send(_ statement: String) -> Bool {
        PQsendQueryParams(handle, statement, 0, nil, nil, nil, nil, 0) == 1
    }
}
