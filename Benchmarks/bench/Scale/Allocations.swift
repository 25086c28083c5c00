import WireFormats

/// How often the operator's own process asks for memory, as jemalloc, which it is linked with, tells when it ends.
enum Allocations {
    /// Without the parts of the report that are not needed: one line of JSON.
    static let environment = ["MALLOC_CONF=stats_print:true,stats_print_opts:Jgdablxe"]

    /// - Parameter log: what the process has written to stderr by its end.
    static func count(inLog log: String) throws -> Int {
        guard let line = log.split(separator: "\n").last(where: { $0.hasPrefix(#"{"jemalloc""#) }),
            let merged = try? JSON(parsing: String(line))["jemalloc"]?["stats.arenas"]?["merged"],
            let small = merged["small"]?["nrequests"]?.intValue, let large = merged["large"]?["nrequests"]?.intValue
        else { throw BenchError("the operator's log does not end with what jemalloc has counted") }
        return small + large
    }
}
