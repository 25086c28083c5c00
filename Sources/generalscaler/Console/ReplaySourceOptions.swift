import ArgumentParser
import Backtest
import CommandSupport
import Console
import KubernetesClient
import Operator
import ScalerAPI
import Scaling
import SystemIO

/// The readings for replays in the console, besides the operator's memory.
struct ReplaySourceOptions: ParsableArguments {
    /// `NAMESPACE/NAME=FILE` on the command line: a scaler and its recorded metrics.
    struct TraceFile: ExpressibleByArgument, Sendable {
        let scaler: ObjectKey
        let path: String

        init?(argument: String) {
            let parts = argument.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let scaler = try? ObjectKey(argument: String(parts[0])) else { return nil }
            self.scaler = scaler
            path = String(parts[1])
        }
    }

    @Option(
        name: .customLong("trace"),
        help: "NAMESPACE/NAME=FILE: recorded metrics of a scaler, as for simulate (repeatable).")
    var traces: [TraceFile] = []

    @Option(
        name: [.customShort("f"), .customLong("file")],
        help: "Manifest of a scaler whose metrics this machine can read at their source (repeatable).")
    var files: [String] = []

    @Option(
        name: .customLong("secret"),
        help: "NAME/KEY=FILE: a file with the value of a Secret that a config names (repeatable)."
    )
    var secrets: [SecretFile] = []

    @OptionGroup var pluginOptions: PluginOptions

    func validate() throws {
        guard secrets.isEmpty || !files.isEmpty else { throw ValidationError("--secret needs --file.") }
    }

    /// Reads the files.
    func sources() throws(FileProblem) -> ReplaySources {
        var scalers: [ObjectKey: SimulatedScaler] = [:]
        for path in files {
            let scaler = try SimulatedScaler(path: path)
            scalers[scaler.key] = scaler
        }
        var sources = ReplaySources { [scalers, secrets, pluginOptions] key, seconds throws(WhatIfProblem) in
            guard let scaler = scalers[key] else {
                throw WhatIfProblem("start the console with --file and the manifest of \(key)")
            }
            return try await Self.history(of: scaler, seconds: seconds, secrets, pluginOptions)
        }
        sources.histories = Set(scalers.keys)
        for file in traces { sources.traces[file.scaler] = try TraceOptions.read(file.path, zone: nil) }
        return sources
    }

    private static func history(
        of scaler: SimulatedScaler, seconds: Int, _ secrets: [SecretFile], _ pluginOptions: PluginOptions
    ) async throws(WhatIfProblem) -> ReplayReadings {
        let step = Int(scaler.parsed.pollingInterval.components.seconds)
        // Servers align queries to the step.
        let now = TimeSource.system.now().microsecondsSince1970 / 1_000_000 / Int64(step) * Int64(step)
        let to = Timestamp(microsecondsSince1970: now * 1_000_000)
        let longest = min(max(seconds, SpecReplay.Limits.seconds.lowerBound), SpecReplay.Limits.seconds.upperBound)
        do {
            let history = try await HistoryOptions.History(
                of: scaler, from: to + .seconds(-longest), to: to, stepSeconds: step, secrets: secrets,
                pluginOptions: pluginOptions)
            return ReplayReadings(origin: .range, trace: history.trace, notes: history.gaps)
        } catch {
            throw WhatIfProblem("\(error)")
        }
    }
}
