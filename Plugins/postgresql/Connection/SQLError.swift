import CPostgres

/// An error that the server reports.
struct SQLError: Equatable {
    /// Five characters: https://www.postgresql.org/docs/current/errcodes-appendix.html
    let state: String
    let message: String
    /// Of the fault in the query, counted in characters from 1.
    var position: String?

    init(state: String, message: String) {
        self.state = state
        self.message = message
    }

    /// Nil if the result is no error of a statement, but of one before it.
    init?(_ result: borrowing PostgresResult) {
        guard result.status == PGRES_FATAL_ERROR || result.status == PGRES_BAD_RESPONSE else { return nil }
        func field(_ code: Character) -> String? {
            PQresultErrorField(result.handle, Int32(code.asciiValue ?? 0)).map { String(cString: $0) }
        }
        state = field("C") ?? ""
        message = field("M") ?? String(cString: PQresultErrorMessage(result.handle))
        position = field("P")
    }

    /// Reads libpq's text of a connection that failed: `... FATAL:  28P01: password authentication failed for ...`. Of
    /// several, it takes the first. Nil if the server did not report any.
    init?(connectionMessage text: String) {
        for line in text.split(separator: "\n") {
            for gap in line.ranges(of: ":  ") {
                let rest = line[gap.upperBound...]
                let state = rest.prefix { $0.isASCII && ($0.isNumber || $0.isUppercase) }
                guard state.count == 5, rest[state.endIndex...].hasPrefix(": ") else { continue }
                self.init(state: String(state), message: String(rest[state.endIndex...].dropFirst(2)))
                return
            }
        }
        return nil
    }
}
