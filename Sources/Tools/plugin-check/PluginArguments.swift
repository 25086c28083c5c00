import ArgumentParser
import Glibc
import PluginConformance
import WireFormats

/// The arguments of every command that runs a plugin.
struct PluginArguments: ParsableArguments {
    @Option(help: ArgumentHelp("File with a config that works, as JSON; - is standard input.", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("Metric type to call. Default: the plugin's first.", valueName: "type"))
    var type: String?

    @Option(help: ArgumentHelp("Deadline of each call, in seconds.", valueName: "seconds"))
    var deadline = 5.0

    @Option(
        help: ArgumentHelp(
            "Environment variable for the plugin, in addition to the usual ones (repeatable).", valueName: "name=value")
    )
    var env: [String] = []

    @Option(
        name: .customLong("read-path"),
        help: ArgumentHelp(
            "Path that the plugin may read, as readPaths in plugins.yaml (repeatable).", valueName: "path"))
    var readPaths: [String] = []

    @Flag(help: "The plugin runs once for each request, as with `mode: oneshot` in plugins.yaml.")
    var oneshot = false

    @Flag(help: "Show every line that is sent (>) and received (<) on standard error.")
    var trace = false

    @Argument(help: "The plugin's path. Options may come before or after it.")
    var plugin: String?

    @Argument(parsing: .postTerminator, help: "The plugin's own arguments, after --.")
    var pluginArguments: [String] = []

    /// The maximum deadline of a call in seconds.
    private static let maxDeadline = 300.0

    func validate() throws {
        guard deadline > 0, deadline <= Self.maxDeadline else {
            throw ValidationError("--deadline must be above 0 and at most \(Int(Self.maxDeadline)) seconds")
        }
        guard env.allSatisfy({ $0.contains("=") && !$0.hasPrefix("=") }) else {
            throw ValidationError("--env must have the form NAME=VALUE")
        }
        guard words.first?.isEmpty == false else { throw ValidationError("give the plugin's path") }
    }

    /// The plugin's path and arguments. `--` may also come before the path.
    private var words: [String] { [plugin].compactMap(\.self) + pluginArguments }

    var command: PluginCommand {
        let pairs = env.map {
            $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        }
        return PluginCommand(
            path: words.first ?? "", arguments: Array(words.dropFirst()),
            environment: Dictionary(pairs.map { ($0[0], $0[1]) }, uniquingKeysWith: { $1 }), isOneshot: oneshot,
            readPaths: readPaths)
    }

    func options() throws -> CheckOptions {
        var options = CheckOptions()
        options.config = try config.map { try ConfigFile.read($0) }
        options.metricType = type
        options.times.deadline = .seconds(deadline)
        if trace {
            options.trace = { process, isFromPlugin, line in
                StandardStreams.printError(
                    "\(process) \(isFromPlugin ? "<" : ">") \(String(decoding: line, as: UTF8.self))")
            }
        }
        return options
    }
}

/// Reads config files named on the command line.
enum ConfigFile {
    static func read(_ path: String) throws -> JSON {
        guard let file = fopen(path == "-" ? "/dev/stdin" : path, "re") else {
            throw ValidationError("\(path): \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: ConformanceLimits.maxConfigBytes + 1)
        let count = fread(&bytes, 1, bytes.count, file)
        guard count < bytes.count else {
            throw ValidationError("\(path): longer than \(ConformanceLimits.maxConfigBytes) bytes")
        }
        let config: JSON
        do {
            config = try JSON(parsing: bytes.prefix(count))
        } catch {
            throw ValidationError("\(path): not JSON: \(error)")
        }
        guard config.objectValue != nil else { throw ValidationError("\(path): a config is a JSON object") }
        return config
    }
}
