import CLinux
import Glibc
import WireFormats
import YAMLFormat

/// A benchmark. Each has its own file and an entry in ``Bench/benchmarks``.
protocol Benchmark: Sendable {
    /// The prefix of its measurements' names.
    var name: String { get }

    func run() async throws -> [Measurement]
}

/// Runs all benchmarks, or those with the given prefixes (`--suite forecast --traces DIRECTORY`), prints a table, and
/// writes JSON Lines to `.build/bench.jsonl`. With `--strict`, a missed goal is a failure. With ``Soak/flag``, runs the soak test.
@main
enum Bench {
    private static func benchmarks(traces: String?) -> [any Benchmark] {
        [
            PluginHostBenchmark(), BoundsBenchmark(), SourceBenchmarks(), KafkaBenchmark(), KedaBenchmark(),
            HTTPBenchmark(),
            KubernetesBenchmark(), PostgresBenchmark(), ForecastBenchmark(traces: traces),
        ]
            + [0, 100, 1_000, 10_000].map { ScaleBenchmark(size: $0) } + [
                PushBenchmark(), ForecastScaleBenchmark(size: 500), ForecastScaleBenchmark(size: 10_000),
                BudgetScaleBenchmark(size: 500, budgets: 5), BudgetScaleBenchmark(size: 10_000, budgets: 100),
                BudgetDivisionBenchmark(size: 1_000), BudgetDivisionBenchmark(size: 10_000),
            ]
    }

    /// The argument before the prefix of a suite, which may also stand alone.
    private static let suiteFlag = "--suite"
    private static let strictFlag = "--strict"

    static func main() async throws {
        stdio_guard_buffer_stdout_by_line()
        if CommandLine.arguments.dropFirst().first == Soak.flag {
            let soak = try Soak(Array(CommandLine.arguments.dropFirst(2)), output: "\(checkout())/.build")
            exit(try soak.run() ? 0 : 1)
        }
        if try await isOtherProcess(CommandLine.arguments.dropFirst()) { return }
        var words = Array(CommandLine.arguments.dropFirst())
        words.removeAll { $0 == suiteFlag }
        var traces: String?
        if let flag = words.firstIndex(of: ForecastBenchmark.tracesFlag), flag + 1 < words.count {
            traces = words[flag + 1]
            words.removeSubrange(flag...flag + 1)
        }
        let all = benchmarks(traces: traces)
        let names = words.filter { $0 != strictFlag }
        if let unknown = names.first(where: { name in !all.contains { $0.isMeant(by: name) } }) {
            let suites = all.map(\.name).joined(separator: ", ")
            print(
                "bench: there is no suite or option \(unknown). Suites: \(suites). Options: \(strictFlag), "
                    + "\(ForecastBenchmark.tracesFlag) DIRECTORY")
            exit(2)
        }
        var measurements: [Measurement] = []
        print(Table.header)
        for benchmark in all where names.isEmpty || names.contains(where: { benchmark.isMeant(by: $0) }) {
            for measurement in try await benchmark.run() {
                print(Table.row(measurement))
                measurements.append(measurement)
            }
        }
        try write(measurements, to: "\(checkout())/.build/bench.jsonl")
        let missed = measurements.contains { $0.isMet == false }
        if missed, words.contains(strictFlag) { exit(1) }
    }

    /// Runs the helper process that a benchmark has started. Returns false if this is not one.
    private static func isOtherProcess(_ words: ArraySlice<String>) async throws -> Bool {
        let arguments = Array(words.dropFirst())
        switch words.first {
        case RawPingPong.echoFlag: RawPingPong.echo()
        case ClusterProcess.flag:
            let definition = try YAMLDocument.parse(contents("\(checkout())/deploy/crd.yaml"))
            let budgets = try YAMLDocument.parse(contents("\(checkout())/deploy/budget-crd.yaml"))
            try await ClusterProcess.run(
                kubeconfig: arguments.first ?? "", definition: definition, budgetDefinition: budgets)
        case MetricsProcess.flag: try await MetricsProcess.run()
        case CurlLoop.flag: try CurlLoop.run(arguments)
        case KafkaLoop.flag: try KafkaLoop.run(arguments)
        case AnswerProcess.flag: try await AnswerProcess.run()
        case GetLoop.flag: try GetLoop.run(arguments)
        case PostgresLoop.flag: try PostgresLoop.run(arguments)
        default: return false
        }
        return true
    }

    /// Returns the checkout in whose `.build` this program was built.
    static func checkout() -> String {
        ownDirectory().split(separator: "/").prefix { $0 != ".build" }.map { "/\($0)" }.joined()
    }

    private static func write(_ measurements: [Measurement], to path: String) throws {
        guard let file = fopen(path, "we") else { throw BenchError("\(path): \(String(cString: strerror(errno)))") }
        defer { fclose(file) }
        for measurement in measurements { fputs("\(measurement.json)\n", file) }
    }
}

extension Benchmark {
    /// Whether a word of the command line names it: its name, or the beginning of that up to a hyphen.
    fileprivate func isMeant(by word: String) -> Bool { "\(name)-".hasPrefix("\(word)-") }
}

struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
