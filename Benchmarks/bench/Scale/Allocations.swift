import WireFormats

/// The number of allocations of the operator's process, from jemalloc's report at its exit.
enum Allocations {
    /// The report as one line of JSON without unneeded parts.
    static let environment = ["MALLOC_CONF=stats_print:true,stats_print_opts:Jgdablxe"]

    /// - Parameter log: the complete stderr of the process.
    static func count(inLog log: String) throws -> Int {
        guard let line = log.split(separator: "\n").last(where: { $0.hasPrefix(#"{"jemalloc""#) }),
            let merged = try? JSON(parsing: String(line))["jemalloc"]?["stats.arenas"]?["merged"],
            let small = merged["small"]?["nrequests"]?.intValue, let large = merged["large"]?["nrequests"]?.intValue
        else { throw BenchError("the operator's log does not end with what jemalloc has counted") }
        return small + large
    }
}
