import ArgumentParser
import PluginConformance

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Show a rule of the plugin protocol, or list all rules."
    )

    @Argument(help: "The rule's number, such as P-17.")
    var rule: String?

    func run() throws {
        guard let label = rule else {
            let lines = RuleBook.rules.map { "\($0.id.label)\t\($0.group.rawValue)\t\($0.title)\n" }
            return StandardStreams.print(lines.joined())
        }
        guard let id = RuleID(label: label) else {
            throw ValidationError("unknown rule \(label): rules go from P-1 to P-\(RuleID.allCases.count)")
        }
        StandardStreams.print(RuleBook.rule(id).explanation)
    }
}
