import ArgumentParser
import PluginConformance
import ScalerAPI
import WireFormats

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of the config of a plugin's metrics, for editors.",
        usage: "plugin-check schema [options] PLUGIN [-- ARGUMENT ...]",
        discussion: """
            The schema is for metrics[].config of a GeneralScaler: in place of a string, it also allows a reference to a \
            Secret.
            """
    )

    @OptionGroup var arguments: PluginArguments

    func run() throws {
        let options = try arguments.options()
        let call = try OneCall.make(arguments.command, .initialize, options: options, targetType: nil)
        guard case .result(let handshake) = call.outcome else {
            if case .noAnswer(let findings) = call.outcome {
                for finding in findings { StandardStreams.printError("\(finding.rule.label): \(finding.message)") }
                try ExitStatus(findings).end()
            }
            throw ExitCode(ExitStatus.failures.rawValue)
        }
        let types = handshake["metricTypes"]?.arrayValue ?? []
        let names = types.compactMap { $0["type"]?.stringValue }
        guard let type = options.metricType ?? names.first, let index = names.firstIndex(of: type),
            let schema = types[index]["configSchema"]
        else {
            throw ValidationError(
                "the plugin has no metric type \(options.metricType ?? ""); it has \(names.joined(separator: ", "))")
        }
        let document = ConfigSchema(schema).document(
            title: "config of \(type)", description: types[index]["description"]?.stringValue ?? "")
        StandardStreams.print("\(PrettyJSON.text(document))\n")
    }
}
