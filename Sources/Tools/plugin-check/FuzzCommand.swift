import ArgumentParser
import PluginConformance

struct FuzzCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fuzz",
        abstract: "Fuzz a plugin with malformed configs and check that it answers each.",
        usage: "plugin-check fuzz [options] PLUGIN [-- ARGUMENT ...]"
    )

    @OptionGroup var arguments: PluginArguments

    @Option(help: "Seed of the configs; the same seed sends the same configs. Default: random.")
    var seed: UInt64?

    @Option(help: "Number of configs to send.")
    var cases = 500

    @Option(help: "Seconds after which to stop.")
    var seconds = 60

    private static let maxCases = 10_000_000
    private static let maxSeconds = 86_400

    func validate() throws {
        guard (1...Self.maxCases).contains(cases) else {
            throw ValidationError("--cases must be from 1 to \(Self.maxCases)")
        }
        guard (1...Self.maxSeconds).contains(seconds) else {
            throw ValidationError("--seconds must be from 1 to \(Self.maxSeconds)")
        }
    }

    func run() throws {
        let seed = seed ?? .random(in: 0...999_999)
        let fuzz = try PluginFuzz.run(
            arguments.command, options: try arguments.options(), seed: seed, maxCases: cases,
            timeLimit: .seconds(seconds)
        ) { done, total in
            if done.isMultiple(of: 16) { StandardStreams.showProgress("[\(done)/\(total)]") }
        }
        StandardStreams.showProgress("")
        for finding in fuzz.findings {
            StandardStreams.print("\(finding.rule.label): \(finding.message)\n")
            if let evidence = finding.evidence { StandardStreams.print("> \(evidence)\n") }
        }
        if let culprit = fuzz.culprit { StandardStreams.print("The config was \(culprit)\n") }
        if let problem = fuzz.problem { StandardStreams.print("Stopped: \(problem)\n") }
        StandardStreams.print("\(fuzz.cases) configs answered, seed \(seed)\n")
        try ExitStatus(fuzz.findings).end()
        if fuzz.problem != nil { try ExitStatus.failures.end() }
    }
}
