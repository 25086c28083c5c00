import ArgumentParser
import CommandSupport
import FoundationEssentials
import Glibc
import Logging
import Operator
import PluginHost
import ScalerAPI
import WireFormats

/// Validates GeneralScalers and ScalingBudgets in files, for use in CI pipelines.
struct ValidateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check GeneralScalers and ScalingBudgets in files, without a cluster or network.",
        discussion: """
            Checks the fields, the rules that involve several fields and, with the metric's plugin, each config. Reads \
            the same input as kubectl apply, including lists. Skips objects of other kinds. Prints each problem on one \
            line, FILE:LINE: FIELD: MESSAGE; the exit status is then 1. If all are valid, prints each formula with the \
            metrics that it is computed from.
            """
    )

    @Option(
        name: [.customShort("f"), .customLong("file")], parsing: .upToNextOption,
        help: "Files with YAML or JSON documents; - for stdin."
    )
    var files: [String]

    @Flag(help: "Skip the plugins: check only the rules that this program knows.")
    var withoutPlugins = false

    @OptionGroup(title: "Plugins") var pluginOptions: PluginOptions

    func run() async throws {
        var report = Report()
        let (scalers, budgets) = read(&report)
        let checks = scalers.map { ManifestCheck(scaler: $0.json) }
        var problems = checks.map(\.problems)
        let configs = scalers.map { ConfigToCheck.all($0.json) }
        if !withoutPlugins, !scalers.isEmpty {
            let found = try await pluginProblems(configs)
            for index in scalers.indices { problems[index] += found[index] }
        }
        for (scaler, problems) in zip(scalers, problems) {
            for problem in scaler.inOrder(problems) { report.add(scaler.described(problem)) }
        }
        for budget in budgets {
            for problem in budget.inOrder(ManifestCheck(budget: budget.json).problems) {
                report.add(budget.described(problem))
            }
        }
        guard report.count == 0 else { throw ExitCode.failure }
        if !budgets.isEmpty {
            StandardStreams.printLine(
                budgets.count == 1 ? "1 ScalingBudget is valid" : "\(budgets.count) ScalingBudgets are valid")
            if scalers.isEmpty { return }
        }
        guard !scalers.isEmpty else { return StandardStreams.printLine("no GeneralScaler to check") }
        for formula in checks.flatMap(\.formulas) { StandardStreams.printLine(formula) }
        let secrets = configs.joined().reduce(0) { $0 + $1.config.places.count }
        let note = secrets == 0 ? "" : "; values from Secrets were not checked: \(secrets)"
        StandardStreams.printLine(
            (scalers.count == 1 ? "1 GeneralScaler is valid" : "\(scalers.count) GeneralScalers are valid") + note)
    }

    private func read(_ report: inout Report) -> (scalers: [ScalerFile.Entry], budgets: [ScalerFile.Entry]) {
        var scalers: [ScalerFile.Entry] = []
        var budgets: [ScalerFile.Entry] = []
        var others = 0
        for path in files {
            do throws(FileProblem) {
                let file = try ScalerFile(path: path)
                for problem in file.problems { report.add(problem) }
                if file.scalers.isEmpty, file.budgets.isEmpty, file.problems.isEmpty {
                    report.note(
                        file.others.isEmpty
                            ? "\(path): has no object"
                            : "\(path): has no GeneralScaler; objects of other kinds that were skipped: "
                                + "\(file.others.count)")
                }
                scalers += file.scalers
                budgets += file.budgets
                others += file.others.count
            } catch {
                report.add(error.description)
            }
        }
        if scalers.isEmpty, budgets.isEmpty, others == 0, report.count == 0 {
            report.add("\(files.joined(separator: ", ")): no object to check; kubectl apply would refuse this too")
        }
        return (scalers, budgets)
    }

    private func pluginProblems(_ configs: [[ConfigToCheck]]) async throws -> [[JSONPathError]] {
        // A plugin's problems with a config are in its answer; its log is for the operator.
        let host = try PluginHost(
            configuration: try pluginOptions.configuration(
                ProcessInfo.processInfo.environment, handshakeTimeout: PluginHostLimits.shortHandshakeTimeout),
            logger: StandardStreams.logger("generalscaler.validate", level: .critical))
        return await PluginCheck.withPlugins(of: host, types: Set(configs.joined().map(\.type))) { check in
            var problems: [[JSONPathError]] = []
            for configs in configs {
                var found: [JSONPathError] = []
                for config in configs { found += await check.problems(config) }
                problems.append(found)
            }
            return problems
        }
    }

    /// Prints problems as they are found, and counts them.
    private struct Report {
        private(set) var count = 0

        mutating func add(_ problem: String) {
            count += 1
            StandardStreams.printLine(problem)
        }

        func note(_ text: String) { StandardStreams.write(Array("\(text)\n".utf8), to: STDERR_FILENO) }
    }
}
