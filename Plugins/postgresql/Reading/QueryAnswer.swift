import CPostgres
import PluginSDK
import SourceSupport

/// What a query returned: the one value of its one row, or none.
enum QueryAnswer: Equatable {
    case noRow
    case null
    case value(String, type: Oid)

    /// Returns the number as a reading.
    func reading() throws(PostgresFailure) -> MetricReading {
        switch self {
        case .noRow:
            throw PostgresFailure(PluginError(.noData, "the query returns no row, which means no data", path: "query"))
        case .null:
            throw PostgresFailure(
                PluginError(
                    .noData, "the query returns NULL, which means no data: use COALESCE if it stands for a number",
                    path: "query"))
        case .value(let text, let type):
            guard ColumnType.numbers.contains(type) else {
                throw .query(
                    "returns \(ColumnType.phrase(type)) and not a number: \(ColumnType.fix(type))")
            }
            guard let value = Double(text) else {
                throw .query("returns \"\(Quoting.shortened(String(text.prefix(64))))\", which is not a number")
            }
            if value.isFinite { return MetricReading(value) }
            guard text.contains(where: \.isNumber) else {
                throw PostgresFailure(
                    PluginError(.noData, "the query returns \(text): there is no number to scale on", path: "query"))
            }
            throw .query("returns a number beyond the range of double precision")
        }
    }
}

/// Takes the rows of a query, and no more than one.
struct RowCollector {
    private var found: QueryAnswer?
    private var hasEnded = false

    mutating func add(_ result: borrowing PostgresResult) throws(PostgresFailure) {
        switch result.status {
        case PGRES_SINGLE_TUPLE:
            try checkColumns(result)
            guard found == nil else {
                throw .query("returns more than one row: aggregate them, such as with sum or count, or add LIMIT 1")
            }
            // What arrives at once is counted only after it is here.
            guard PQgetlength(result.handle, 0, 0) <= PostgresLimits.maxAnswerBytes else {
                throw .query(
                    "returns more than \(PostgresLimits.maxAnswerBytes >> 20) MiB in place of one number: select one number"
                )
            }
            found =
                PQgetisnull(result.handle, 0, 0) == 1
                ? .null : .value(String(cString: PQgetvalue(result.handle, 0, 0)), type: PQftype(result.handle, 0))
        case PGRES_TUPLES_OK:
            try checkColumns(result)
            hasEnded = true
        case PGRES_COMMAND_OK:
            let command = String(cString: PQcmdStatus(result.handle))
            throw .query("is not a query that returns a row, but \(Quoting.shortened(command)): use SELECT")
        case PGRES_EMPTY_QUERY: throw .query("is empty")
        default: throw .query("is not a query that returns a row: use SELECT")
        }
    }

    /// Returns nil if the statement had no result.
    func answer() throws(PostgresFailure) -> QueryAnswer? { hasEnded ? found ?? .noRow : nil }

    private func checkColumns(_ result: borrowing PostgresResult) throws(PostgresFailure) {
        let count = PQnfields(result.handle)
        guard count == 1 else { throw .query("returns \(count) columns: select only the one with the number") }
    }
}

/// Types of columns by their numbers, which never change.
///
/// Source: https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat
enum ColumnType {
    /// smallint, integer, bigint, real, double precision, numeric. A domain has the number of its base type.
    static let numbers: Set<Oid> = [21, 23, 20, 700, 701, 1_700]

    private static let times: [Oid: String] = [
        1_082: "a date", 1_083: "a time", 1_114: "a timestamp", 1_184: "a timestamp with time zone",
        1_186: "an interval",
    ]

    private static let others: [Oid: String] = [
        16: "a boolean", 25: "text", 1_043: "text", 1_042: "text", 18: "text", 19: "text", 790: "money", 114: "JSON",
        3_802: "JSON", 2_950: "a UUID", 17: "bytes",
    ]

    static func phrase(_ type: Oid) -> String {
        times[type] ?? others[type] ?? "a value of the type with number \(type)"
    }

    static func fix(_ type: Oid) -> String {
        times[type] != nil
            ? "select seconds, with extract(epoch from ...)"
            : "select a number, or convert it with CAST(... AS double precision)"
    }
}
