import ArgumentParser
import PluginConformance
import PluginProtocol
import WireFormats

struct CallCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "call",
        abstract: "Make one call to a plugin and show the answer.",
        usage: "plugin-check call [options] PLUGIN [-- ARGUMENT ...]"
    )

    @OptionGroup var arguments: PluginArguments

    @Option(help: "Method to call; range requests the last hour.")
    var method = OneCall.Method.value

    @Option(
        help: "Target type of the value: Value or AverageValue. Default: that of the plugin.",
        transform: { text in
            guard let type = TargetType(rawValue: text) else { throw ValidationError("use Value or AverageValue") }
            return type
        })
    var targetType: TargetType?

    func run() throws {
        let call = try OneCall.make(
            arguments.command, method, options: try arguments.options(), targetType: targetType)
        let errors = String(decoding: call.standardError, as: UTF8.self)
        if !errors.isEmpty { StandardStreams.printError("standard error:\n\(errors)") }
        StandardStreams.print("params: \(PrettyJSON.text(call.params))\n\n")
        switch call.outcome {
        case .result(let json):
            StandardStreams.print("result: \(PrettyJSON.text(json))\n\nin \(call.time)\n")
        case .error(let json):
            StandardStreams.print("error: \(PrettyJSON.text(json))\n\nin \(call.time)\n")
            try ExitStatus.failures.end()
        case .noAnswer(let findings):
            for finding in findings {
                StandardStreams.printError("\(finding.rule.label): \(finding.message)")
                if let evidence = finding.evidence { StandardStreams.printError("> \(evidence)") }
            }
            try ExitStatus(findings).end()
            try ExitStatus.failures.end()
        }
    }
}

extension OneCall.Method: ExpressibleByArgument {}
