import ArgumentParser
import Glibc

/// Runs the operator under fault injection, once per seed, and reports which invariant was violated and when.
@main
struct SimulateFaults: ParsableCommand {
    /// The number of environments between two progress messages.
    private static let progress = 250

    static let configuration = CommandConfiguration(
        commandName: "simulate-faults",
        abstract: "Run the operator under fault injection, once per seed.")

    @Option(help: "Number of seeds.")
    var seeds: UInt64 = 2_000

    @Option(help: "The first seed.")
    var first: UInt64 = 0

    @Option(help: "Run that seed alone, and print what happened.")
    var seed: UInt64?

    @Option(help: "Lines to print of what happened before something broke.")
    var lines = 60

    @Option(help: "How many processes share the work.")
    var processes: UInt64 = 1

    @Option(help: "Which of the processes this is, from 0.")
    var share: UInt64?

    @Flag(help: "Run each seed twice, and compare the traces.")
    var twice = false

    @Option(parsing: .upToNextOption, help: "The only faults to have, and often, instead of what a seed picks.")
    var faults: [Fault] = []

    @Option(help: "Plant a defect in the operator, and stop at the first seed that finds it.")
    var defect: PlantedDefect?

    func validate() throws {
        guard processes > 0, share ?? 0 < processes else {
            throw ValidationError("--processes must be at least 1, and --share less than that")
        }
    }

    func run() throws {
        // Dictionaries have a different order in each process unless this is set before its start.
        let variable = "SWIFT_DETERMINISTIC_HASHING"
        let isRoot = share == nil && seed == nil && processes > 1
        if isRoot || getenv(variable) == nil {
            setenv(variable, "1", 1)
            let options = Array(CommandLine.arguments.dropFirst())
            let children =
                try isRoot
                ? (0..<processes).map { try ChildProcess(options + ["--share", "\($0)"]) } : [ChildProcess(options)]
            let succeeded = children.map { $0.wait() }
            throw succeeded.allSatisfy(\.self) ? ExitCode.success : ExitCode.failure
        }
        JobQueue.install()
        if let seed {
            let outcome = try SeedRun.run(seed, only: faults, defect: defect, logs: true)
            print(outcome.report(lines: outcome.violation == nil ? lines : 2 * lines))
            throw outcome.violation == nil ? ExitCode.success : ExitCode.failure
        }
        let isSound = try runAll((first..<first + seeds).filter { $0 % processes == share ?? 0 })
        throw isSound ? ExitCode.success : ExitCode.failure
    }

    private func runAll(_ seeds: [UInt64]) throws -> Bool {
        var broken = 0
        var done = 0
        var jobs = 0
        for seed in seeds {
            let outcome = try SeedRun.run(seed, only: faults, defect: defect, logs: false)
            (done, jobs) = (done + 1, jobs + outcome.jobs)
            if let violation = outcome.violation {
                broken += 1
                print("seed \(seed): \(violation)")
                if defect != nil { break }
                if broken == 1 {
                    print(try SeedRun.run(seed, only: faults, defect: nil, logs: true).report(lines: lines))
                }
            } else if twice, try SeedRun.run(seed, only: faults, defect: defect, logs: false).hash != outcome.hash {
                broken += 1
                print("seed \(seed): the second run differs")
            }
            if done % Self.progress == 0 { print("\(done) of \(seeds.count) seeds, \(broken) failed") }
            fflush(nil)
        }
        print("\(done) seeds, \(jobs) jobs, \(broken) failed")
        fflush(nil)
        return broken == 0
    }
}

extension PlantedDefect: ExpressibleByArgument {}
extension Fault: ExpressibleByArgument {}
