import ArgumentParser
import Backtest
import CommandSupport
import FoundationEssentials
import Logging
import Operator
import PluginHost
import ScalerAPI
import Scaling
import SystemIO

/// The options with the time range of history.
struct HistoryOptions: ParsableArguments {
    @Option(help: "Start of the metrics to fetch, instead of --trace: a time, or an age such as 7d or 12h.")
    var from: String?

    @Option(help: "End of the metrics to fetch. Default: now.")
    var to: String?

    @Option(help: "Seconds between two values. Default: the polling interval.")
    var step: Int?

    @Option(
        name: .customLong("secret"),
        help: "NAME/KEY=FILE: a file with the value of a Secret that a config names (repeatable)."
    )
    var secrets: [SecretFile] = []

    @OptionGroup var pluginOptions: PluginOptions

    func validate() throws {
        guard from != nil || (to == nil && step == nil && secrets.isEmpty) else {
            throw ValidationError("--to, --step and --secret need --from.")
        }
        guard step.map({ (1...86_400).contains($0) }) ?? true else {
            throw ValidationError("--step must be from 1 to 86400 seconds.")
        }
        guard let (from, to) = try window(now: TimeSource.system.now(), stepSeconds: 1) else { return }
        guard from < to else { throw ValidationError("--from must be before --to.") }
    }

    /// - Throws: `ValidationError` if a text is not a valid time.
    private func window(now: Timestamp, stepSeconds: Int) throws -> (from: Timestamp, to: Timestamp)? {
        guard let from else { return nil }
        return (
            try Self.time(from, now, stepSeconds, "--from"), try Self.time(to ?? "now", now, stepSeconds, "--to")
        )
    }

    /// A smaller number is no time in seconds since 1970, but an age without its unit.
    private static let earliestSeconds = 100_000_000

    /// Parses a time, `now`, or a duration ago, also in Grafana's form such as `now-7d`.
    ///
    /// A relative time is rounded down to a multiple of the step, for servers that align queries.
    private static func time(
        _ text: String, _ now: Timestamp, _ stepSeconds: Int, _ option: String
    ) throws -> Timestamp {
        let seconds: [Character: Int] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800]
        let step = Int64(stepSeconds) * 1_000_000
        func aligned(_ time: Timestamp) -> Timestamp {
            Timestamp(microsecondsSince1970: time.microsecondsSince1970 / step * step)
        }
        if text == "now" { return aligned(now) }
        let age = text.hasPrefix("now-") ? text.dropFirst("now-".count) : text[...]
        if let unit = age.last.flatMap({ seconds[$0] }), let count = Int(age.dropLast()),
            (0...100_000).contains(count)
        {
            return aligned(now + .seconds(-count * unit))
        }
        if let number = Int(text), (1..<earliestSeconds).contains(number) {
            throw ValidationError("\(option) \(text) has no unit: write \(text)d for days, or \(text)h for hours.")
        }
        guard let time = Timestamp(text: text) else {
            throw ValidationError(
                "\(option) must be a time with its zone, such as 2026-01-02T03:04:05Z or 2026-01-02T03:04:05+01:00, or "
                    + "now, or how long ago, such as 7d; not \"\(text)\".")
        }
        return time
    }

    /// The history of a scaler's metrics.
    struct History {
        /// The declarations of the metrics that plugins read.
        let declarations: [BuiltinMetricTypes.Declaration]
        let trace: Trace
        /// The reasons for gaps.
        let gaps: [String]
    }

    /// Returns the history of the scaler's metrics from the plugins.
    func fetch(_ scaler: SimulatedScaler) async throws -> History? {
        let stepSeconds = step ?? Int(scaler.parsed.pollingInterval.components.seconds)
        guard let (from, to) = try window(now: TimeSource.system.now(), stepSeconds: stepSeconds) else { return nil }
        let samples = (to - from) / .seconds(stepSeconds)
        guard samples < Double(Trace.maxSamples) else {
            throw ValidationError(
                "--from to --to is \(Int(samples)) values per metric, more than \(Trace.maxSamples): give a longer --step "
                    + "or a shorter time.")
        }
        return try await History(
            of: scaler, from: from, to: to, stepSeconds: stepSeconds, secrets: secrets, pluginOptions: pluginOptions)
    }
}

extension HistoryOptions.History {
    /// Reads the history from the plugins.
    ///
    /// - Throws: ``FileProblem`` if a plugin or its source does not have it.
    init(
        of scaler: SimulatedScaler, from: Timestamp, to: Timestamp, stepSeconds: Int, secrets: [SecretFile],
        pluginOptions: PluginOptions
    ) async throws {
        let host = try PluginHost(
            configuration: try pluginOptions.configuration(ProcessInfo.processInfo.environment),
            logger: StandardStreams.logger("generalscaler.simulate", level: .critical))
        let spec = scaler.parsed
        let result = await PluginCheck.withPlugins(of: host, types: Set(spec.metrics.map(\.type))) { _ in
            await Result { () async throws(Blocker) in
                var bar = ProgressBar("fetching")
                defer { bar.clear() }
                return try await MetricHistory.fetch(
                    spec, of: scaler.filled, host: host, secrets: SecretFiles(secrets), from: from, to: to,
                    stepSeconds: stepSeconds,
                    onProgress: { bar.update($0) })
            }
        }
        do throws(Blocker) {
            let history = try result.get()
            self.init(
                declarations: history.declarations, trace: try Self.trace(history, names: spec.metrics.map(\.name)),
                gaps: history.series.compactMap(\.gap))
        } catch {
            throw FileProblem(path: scaler.path, message: error.message)
        }
    }

    private static func trace(_ history: MetricHistory, names: [String]) throws(Blocker) -> Trace {
        let samples = history.times.indices.map { index in
            Trace.Sample(
                time: history.times[index],
                cells: history.series.map { $0.values[index].map { .value($0) } ?? .noData })
        }
        do throws(TraceError) {
            return try Trace(metrics: names, samples: samples)
        } catch {
            throw Blocker(.invalidSpec, "the history \(error)")
        }
    }
}

extension Result where Success: Sendable {
    /// Captures the result of an asynchronous body.
    fileprivate init(_ body: () async throws(Failure) -> Success) async {
        do throws(Failure) {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}
