import ArgumentParser
import CommandSupport
import FoundationEssentials
import Glibc
import HTTPTransport
import Logging
import WireFormats

/// Shows what the operator does with a plugin's readings, in one command.
struct TryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "try",
        abstract: "Scale a simulated Deployment on the readings of a plugin.",
        usage: "generalscaler-dev try [options] PLUGIN [-- ARGUMENT ...]",
        discussion: """
            Runs a simulated cluster with a Deployment and a GeneralScaler, and the operator with the plugin in the \
            sandbox. Shows a row for each reading and for each change of the replicas, until it is interrupted. A change of \
            the plugin's program takes effect within 10 seconds; after a change of another file, start the command again.
            """
    )

    @Option(help: ArgumentHelp("File with the plugin's config, as JSON; - is standard input.", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("Metric type. Default: the plugin's only one.", valueName: "type"))
    var type: String?

    @Option(help: "Target value of the metric: what one replica handles. Default: 10.")
    var targetValue: Double?

    @Option(help: "Maximum number of replicas; the minimum is 1.")
    var maxReplicas = 10

    @Option(
        help: ArgumentHelp(
            "Environment variable for the plugin, in addition to the usual ones (repeatable).", valueName: "name=value")
    )
    var env: [String] = []

    @Option(
        name: .customLong("read-path"),
        help: ArgumentHelp(
            "Path that the plugin may read, as readPaths in plugins.yaml (repeatable).", valueName: "path")
    )
    var readPaths: [String] = []

    @Flag(help: "Show the operator's log, and the plugin's, on stderr.")
    var verbose = false

    @Argument(help: "The plugin's path. Options may come before or after it.")
    var plugin: String

    @Argument(parsing: .postTerminator, help: "The plugin's own arguments, after --.")
    var pluginArguments: [String] = []

    private static let maxConfigBytes = 1 << 20
    private static let maxMaxReplicas = 1_000

    func validate() throws {
        guard (targetValue ?? 1) > 0, (targetValue ?? 1).isFinite else {
            throw ValidationError("--target-value must be above 0.")
        }
        guard (1...Self.maxMaxReplicas).contains(maxReplicas) else {
            throw ValidationError("--max-replicas must be from 1 to \(Self.maxMaxReplicas).")
        }
        guard env.allSatisfy({ $0.contains("=") && !$0.hasPrefix("=") }) else {
            throw ValidationError("--env must have the form NAME=VALUE.")
        }
        guard !plugin.isEmpty else { throw ValidationError("give the plugin's path.") }
    }

    func run() async throws {
        let trial = Trial(
            plugin: triedPlugin, type: type, config: try config.map(Self.read) ?? [:], targetValue: targetValue,
            maxReplicas: maxReplicas)
        let directory = FileManager.default.temporaryDirectory.appending(
            path: "generalscaler-try-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let logger = StandardStreams.logger("generalscaler.try", level: verbose ? .debug : .notice)
        do {
            try await CurlHTTPClient.withClient { http in
                try await trial.run(in: directory.path, http: http, logger: logger)
            }
        } catch let error as TrialError {
            StandardStreams.write(Array("generalscaler-dev: \(error)\n".utf8), to: STDERR_FILENO)
            throw ExitCode.failure
        }
    }

    private var triedPlugin: TriedPlugin {
        let variables = env.map { $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false) }
        return TriedPlugin(
            path: Self.absolute(plugin), arguments: pluginArguments,
            environment: Dictionary(variables.map { (String($0[0]), String($0[1])) }, uniquingKeysWith: { $1 }),
            readPaths: readPaths.map(Self.absolute))
    }

    private static func absolute(_ path: String) -> String {
        URL(filePath: path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)").standardized
            .path
    }

    private static func read(_ path: String) throws -> JSON {
        let text = try FileText.read(path, maxBytes: maxConfigBytes)
        let config: JSON
        do {
            config = try JSON(parsing: text)
        } catch {
            throw FileProblem(path: path, message: "is not JSON: \(error)")
        }
        guard config.objectValue != nil else { throw FileProblem(path: path, message: "a config is a JSON object") }
        return config
    }
}
