import ArgumentParser
import Backtest
import CommandSupport
import FoundationEssentials
import Glibc
import Migration
import WireFormats

/// Converts ScaledObjects and HorizontalPodAutoscalers to GeneralScalers.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Convert KEDA ScaledObjects and HorizontalPodAutoscalers to GeneralScalers in dry run.",
        discussion: """
            Reads the objects of files, or of a cluster, where it changes nothing. Writes a GeneralScaler for each scaler, \
            and a report with the outcome of each field of the source. The exit status is 0 if every field was converted, \
            1 if some were not, and 2 for a usage error. docs/how-to/migrate-from-keda.md has examples.
            """
    )

    @Option(
        name: [.customShort("f"), .customLong("file")], parsing: .upToNextOption,
        help: "Files with YAML or JSON documents; - for stdin. Default: the cluster."
    )
    var files: [String] = []

    @Option(help: "Directory for the GeneralScalers, one file each. Default: stdout, with the report on stderr.")
    var output: String?

    @Option(name: .shortAndLong, help: "Namespace to read in the cluster. Default: all.")
    var namespace: String?

    @Flag(help: "Write the report and the GeneralScalers as JSON to stdout.")
    var json = false

    @Option(help: "File for the report: one HTML page.")
    var html: String?

    @OptionGroup(title: "The cluster, which is only read") var clusterOptions: ClusterOptions

    @OptionGroup(title: "Replay beside the HPA") var replayOptions: ReplayOptions

    func run() async throws {
        let migration: Migration
        do {
            migration = try await convert()
        } catch let problem as FileProblem {
            throw Self.fail(problem.description)
        }
        guard !migration.objects.isEmpty else {
            throw Self.fail("no ScaledObject and no HorizontalPodAutoscaler in the input")
        }
        do {
            try write(migration, try await replays(migration))
        } catch let problem as FileProblem {
            throw Self.fail(problem.description)
        } catch let problem as TraceError {
            throw Self.fail(problem.description)
        }
        guard isValid(migration), migration.isComplete else { throw ExitCode.failure }
    }

    /// Reports results that the operator would refuse, such as one with an unknown time zone.
    private func isValid(_ migration: Migration) -> Bool {
        var isValid = true
        for scaler in migration.scalers {
            for problem in ManifestCheck(scaler: scaler.json).problems {
                isValid = false
                Self.warn("\(scaler.fileName): not valid, correct it manually: \(problem)")
            }
        }
        return isValid
    }

    private func convert() async throws -> Migration {
        var input = MigrationInput()
        for file in files { try input.read(file: file) }
        if files.isEmpty || clusterOptions.kubeconfig != nil || clusterOptions.context != nil {
            input.objects += try await ClusterObjects(namespace: namespace.nonEmpty).read(clusterOptions) {
                Self.warn($0)
            }
        }
        var migrator = Migrator(input.objects, comments: input.comments)
        return migrator.migrate()
    }

    private func replays(_ migration: Migration) async throws -> [MigrationReplay] {
        guard replayOptions.replay else { return [] }
        guard replayOptions.trace.trace == nil || migration.scalers.count == 1 else {
            throw FileProblem(
                path: replayOptions.trace.trace ?? "",
                message:
                    "a trace belongs to one scaler, and the input has \(migration.scalers.count): give a file with one")
        }
        var replays: [MigrationReplay] = []
        for scaler in migration.scalers { replays.append(try await MigrationReplay(scaler, replayOptions)) }
        return replays
    }

    // MARK: Results

    /// The folder of the entries for `plugins.yaml`, apart from what `kubectl apply -f` reads.
    private static let operatorFolder = "operator"

    private func write(_ migration: Migration, _ replays: [MigrationReplay]) throws(FileProblem) {
        if let html {
            let page = MigrationPage(migration, replays: replays.map(\.html))
            try FileText.write(Array(page.html.utf8), to: html)
        }
        if let output {
            try Self.makeDirectory(output)
            for scaler in migration.scalers {
                try FileText.write(Array(scaler.yaml.utf8), to: "\(output)/\(scaler.fileName)")
            }
            if !migration.plugins.isEmpty {
                try Self.makeDirectory("\(output)/\(Self.operatorFolder)")
                let path = "\(output)/\(Self.operatorFolder)/plugins.yaml"
                try FileText.write(Array(migration.plugins.yaml.utf8), to: path)
            }
        }
        if json {
            var members = migration.json.objectValue ?? [:]
            if !replays.isEmpty { members["replays"] = .array(replays.map(\.json)) }
            return Self.write("\(JSON.object(members))\n", to: STDOUT_FILENO)
        }
        let text = replays.map { "\($0.text)\n" }.joined() + migration.text
        guard output == nil else { return Self.write(text, to: STDOUT_FILENO) }
        Self.write(migration.scalers.map(\.yaml).joined(separator: "---\n"), to: STDOUT_FILENO)
        Self.write(text, to: STDERR_FILENO)
    }

    private static func makeDirectory(_ path: String) throws(FileProblem) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw FileProblem(path: path, message: "cannot be created: check that you have permission to write there")
        }
    }

    private static func write(_ text: String, to descriptor: Int32) {
        StandardStreams.write(Array(text.utf8), to: descriptor)
    }

    private static func warn(_ text: String) { write("\(text)\n", to: STDERR_FILENO) }

    /// The exit status of input that cannot be used.
    private static let usageStatus = ExitCode(2)

    private static func fail(_ message: String) -> ExitCode {
        warn(message)
        return usageStatus
    }
}
