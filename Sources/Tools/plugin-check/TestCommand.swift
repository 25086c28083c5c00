import ArgumentParser
import Glibc
import PluginConformance

struct TestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Check a plugin against every rule.",
        usage: "plugin-check test [options] PLUGIN [-- ARGUMENT ...]",
        discussion: """
            Most rules can only be checked with a config that works and a source that answers. The summary says if no value \
            was read; use --require-value in CI, so that such a run fails.
            """
    )

    @OptionGroup var arguments: PluginArguments

    @Option(help: ArgumentHelp("File with a config that cannot work, as JSON.", valueName: "file"))
    var badConfig: String?

    @Option(help: "Format of the report.")
    var format = ReportFormat.human

    @Option(help: ArgumentHelp("Rules or groups to check, comma-separated, such as P-17,framing.", valueName: "rules"))
    var only: String?

    @Option(help: ArgumentHelp("Rules or groups to skip, comma-separated.", valueName: "rules"))
    var skip: String?

    @Option(
        help: ArgumentHelp(
            "The sandbox launcher. Default: generalscaler-launch next to plugin-check.", valueName: "path"))
    var launcher: String?

    @Flag(help: "Fail if no value is read, because the source does not answer or the config is missing.")
    var requireValue = false

    func run() throws {
        var options = try arguments.options()
        options.badConfig = try badConfig.map { try ConfigFile.read($0) }
        options.only = try Self.rules(only)
        options.skip = try Self.rules(skip)
        options.requiresValue = requireValue
        options.launcher = launcher ?? Self.installedLauncher
        let report = try CheckRun.run(arguments.command, options: options) { done, total, group in
            StandardStreams.showProgress("[\(done + 1)/\(total)] \(group.title.lowercased())")
        }
        StandardStreams.showProgress("")
        StandardStreams.print(format.text(report, colors: StandardStreams.outputHasColors))
        try ExitStatus(report.failures.flatMap(\.findings)).end()
    }

    /// Parses a list of rules such as `P-17,framing`.
    private static func rules(_ list: String?) throws -> Set<RuleID> {
        var rules: Set<RuleID> = []
        for word in (list ?? "").split(separator: ",").map(String.init) {
            if let rule = RuleID(label: word) {
                rules.insert(rule)
            } else if let group = RuleGroup(rawValue: word.lowercased()) {
                rules.formUnion(RuleBook.rules(of: group).map(\.id))
            } else {
                let groups = RuleGroup.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("unknown rule or group \(word); groups are \(groups)")
            }
        }
        return rules
    }

    private static var installedLauncher: String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return nil }
        let program = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let path = program.split(separator: "/").dropLast().map { "/\($0)" }.joined() + "/generalscaler-launch"
        return access(path, X_OK) == 0 ? path : nil
    }
}

extension ReportFormat: ExpressibleByArgument {}
