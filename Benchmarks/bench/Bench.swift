import CLinux
import Glibc
import WireFormats

/// Something to measure. Each lives in a file of its own and stands in ``Bench/benchmarks``.
protocol Benchmark: Sendable {
    /// What its measurements' names begin with.
    var name: String { get }

    func run() async throws -> [Measurement]
}

/// Runs all benchmarks, or those whose names are given, prints a table, and writes a JSON object a line to
/// `.build/bench.jsonl`. With `--strict` a goal that is missed makes it fail.
@main
enum Bench {
    private static let benchmarks: [any Benchmark] = [PluginHostBenchmark(), SourceBenchmarks()]

    static func main() async throws {
        if CommandLine.arguments.dropFirst().first == RawPingPong.echoFlag { return RawPingPong.echo() }
        stdio_guard_buffer_stdout_by_line()
        let names = CommandLine.arguments.dropFirst().filter { !$0.hasPrefix("--") }
        var measurements: [Measurement] = []
        print(Table.header)
        for benchmark in benchmarks where names.isEmpty || names.contains(benchmark.name) {
            for measurement in try await benchmark.run() {
                print(Table.row(measurement))
                measurements.append(measurement)
            }
        }
        try write(measurements, to: ".build/bench.jsonl")
        let missed = measurements.contains { $0.isMet == false }
        if missed, CommandLine.arguments.contains("--strict") { exit(1) }
    }

    private static func write(_ measurements: [Measurement], to path: String) throws {
        guard let file = fopen(path, "we") else { throw BenchError("\(path): \(String(cString: strerror(errno)))") }
        defer { fclose(file) }
        for measurement in measurements { fputs("\(measurement.json)\n", file) }
    }
}

struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
