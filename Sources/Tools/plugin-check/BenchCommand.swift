import ArgumentParser
import PluginConformance
import WireFormats

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure how fast a plugin starts and answers.",
        usage: "plugin-check bench [options] PLUGIN [-- ARGUMENT ...]"
    )

    @OptionGroup var arguments: PluginArguments

    @Option(help: "Number of calls.")
    var calls = 1_000

    @Option(help: "Number of concurrent calls, limited by the plugin's maxInFlight.")
    var inFlight = 1

    @Option(help: "Number of starts of the plugin.")
    var starts = 5

    @Flag(help: "Write JSON.")
    var json = false

    private static let maxCalls = 10_000_000
    private static let maxStarts = 1_000

    func validate() throws {
        guard (1...Self.maxCalls).contains(calls) else {
            throw ValidationError("--calls must be from 1 to \(Self.maxCalls)")
        }
        guard inFlight >= 1 else { throw ValidationError("--in-flight must be at least 1") }
        guard (1...Self.maxStarts).contains(starts) else {
            throw ValidationError("--starts must be from 1 to \(Self.maxStarts)")
        }
    }

    func run() throws {
        let bench = try PluginBench.run(
            arguments.command, options: try arguments.options(), starts: starts, calls: calls, inFlight: inFlight)
        StandardStreams.print(json ? "\(bench.json)\n" : bench.text)
        try ExitStatus(bench.findings).end()
        if bench.problem != nil { try ExitStatus.failures.end() }
    }
}
