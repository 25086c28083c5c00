import Backtest
import CommandSupport
import Migration
import ScalerAPI
import Scaling
import WireFormats

/// The replay of one scaler beside the autoscaler that it was converted from.
struct MigrationReplay {
    let name: String
    let comparison: ReplayComparison
    /// What the source's model is, such as "HPA" or "KEDA and HPA".
    let other: String
    /// The plugins' reasons for gaps in the history.
    let gaps: [String]

    /// Runs both on the same readings.
    ///
    /// - Throws: ``FileProblem`` or ``TraceError`` if the scaler cannot be replayed.
    init(_ scaler: Migration.Scaler, _ options: ReplayOptions) async throws {
        let simulated = try SimulatedScaler(ScalerFile(text: scaler.yaml, path: scaler.fileName))
        let input = try await SimulationInput.read([simulated], options.trace.read(), options.history)
        let spec = try simulated.spec(input.known, changed: Self.active(simulated.json))
        let backtest = try input.backtest(spec, options.workload)
        let settings = HPASettings(
            source: scaler.source, kubernetesMinor: options.kubernetesMinor ?? HPASettings.defaultKubernetesMinor)
        var decisions: [Decision] = []
        var bar = ProgressBar(scaler.name)
        _ = backtest.run(onProgress: { bar.update($0) }, onStep: { decisions.append($0.decision) })
        bar.clear()
        let theirs = HPAReplay(settings, on: backtest).run(initialReplicas: backtest.initialReplicas)
        name = scaler.name
        comparison = ReplayComparison(
            decisions, theirs, from: backtest.trace.start, to: backtest.trace.end, settings: settings)
        other =
            switch (settings.keda, Self.isPredicted(scaler.source)) {
            case (nil, _): "HPA"
            case (_, false): "KEDA and HPA"
            case (_, true): "KEDA and HPA without PredictKube"
            }
        gaps = input.gaps
    }

    /// Whether the source's replicas also follow predictions of a service, which no replay has.
    private static func isPredicted(_ source: SourceObject) -> Bool {
        source.json["spec"]?["triggers"]?.arrayValue?.contains { $0["type"] == "predictkube" } ?? false
    }

    /// Returns the spec as it is when it scales: neither in dry run nor paused.
    private static func active(_ spec: JSON) -> JSON {
        var members = spec.objectValue ?? [:]
        members["mode"] = nil
        members["paused"] = nil
        return .object(members)
    }

    var json: JSON {
        .object((comparison.json.objectValue ?? [:]).merging(["name": .string(name), "other": .string(other)]) { $1 })
    }

    // MARK: Text

    private static let maxLines = 40

    var text: String {
        let total = comparison.minutes.count
        let share = total == 0 ? 0 : 100 * Double(comparison.differing) / Double(total)
        var lines = [
            "Replay of \(name) beside \(other): \(comparison.differing) of \(total) minutes differ (\(share.text(decimals: 2))%)"
        ]
        lines += gaps.map { "  gap: \($0)" }
        for difference in comparison.differences.prefix(Self.maxLines) {
            lines.append(
                "  \(difference.start.text) to \(difference.end.text): GeneralScaler \(Self.words(difference.ours)), \(other) "
                    + "\(Self.words(difference.theirs)): \(difference.explanation)")
        }
        let hidden = comparison.differences.count - Self.maxLines
        if hidden > 0 { lines.append("  and \(hidden) more; --json and --html have all of them") }
        lines.append("  \(ReplayComparison.limits)")
        return lines.joined(separator: "\n") + "\n"
    }

    static func words(_ range: ClosedRange<Int>) -> String {
        range.lowerBound == range.upperBound ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
    }

    // MARK: HTML

    /// A section of the report with the picture and the differences.
    var html: String {
        let escape = MigrationPage.escaped
        let rows = comparison.differences.map { difference in
            "<tr><td>\(difference.start.text)<td>\(difference.end.text)<td>\(Self.words(difference.ours))<td>"
                + "\(Self.words(difference.theirs))<td>\(escape(difference.explanation))</tr>"
        }
        return """
            <h2>Replay of \(escape(name))</h2>
            <p>\(comparison.differing) of \(comparison.minutes.count) minutes differ. \(escape(ReplayComparison.limits))</p>
            \(ReplayPicture(comparison, other: other).svg)
            <table><tr><th>From<th>To<th>GeneralScaler<th>\(escape(other))<th>Explanation</tr>\(rows.joined())</table>
            """
    }
}

extension HPASettings {
    /// Reads the settings of a ScaledObject or a HorizontalPodAutoscaler.
    init(source: SourceObject, kubernetesMinor: Int) {
        let spec = source.json["spec"]
        guard source.kind == "ScaledObject" else {
            self.init(
                minReplicas: spec?["minReplicas"]?.intValue ?? 1, maxReplicas: spec?["maxReplicas"]?.intValue ?? 1,
                behavior: spec?["behavior"], kubernetesMinor: kubernetesMinor)
            return
        }
        func seconds(_ field: String, _ other: Int) -> Duration { .seconds(spec?[field]?.intValue ?? other) }
        let minimum = spec?["minReplicaCount"]?.intValue ?? 0
        let idle = spec?["idleReplicaCount"]?.intValue ?? (minimum == 0 ? 0 : nil)
        self.init(
            minReplicas: minimum, maxReplicas: spec?["maxReplicaCount"]?.intValue ?? 100,
            behavior: spec?["advanced"]?["horizontalPodAutoscalerConfig"]?["behavior"],
            kubernetesMinor: kubernetesMinor,
            keda: HPASettings.KEDA(
                pollingInterval: seconds("pollingInterval", 30), cooldown: seconds("cooldownPeriod", 300),
                initialCooldown: seconds("initialCooldownPeriod", 0), idleReplicas: idle))
    }
}
