package import PluginHost
import PluginProtocol
package import ScalerAPI
package import Scaling

/// The history of a spec's metrics, read from their plugins with the scaler's config, the operator's defaults, and
/// values of Secrets.
package struct MetricHistory: Sendable {
    /// The history of one metric.
    package struct Series: Sendable, Hashable {
        /// The values at ``MetricHistory/times``; nil for a time without a value.
        package fileprivate(set) var values: [Double?] = []
        /// The source's last message about a window without any value.
        package fileprivate(set) var gap: String?
    }

    /// The declarations of the metrics that plugins read, in order.
    package let declarations: [BuiltinMetricTypes.Declaration]
    /// The times: from the first requested one, one per step.
    package let times: [Timestamp]
    /// The series, one per metric that a plugin reads, in order.
    package let series: [Series]

    /// The time limit of one call: a source may have to evaluate thousands of points.
    private static let callTimeout: Duration = .seconds(60)

    /// Fetches the values from `from` to `to` with the given step.
    ///
    /// - Parameters:
    ///   - scaler: what is filled into the configs; Secrets are read in its namespace.
    ///   - secrets: the source of the values of Secrets.
    ///   - onProgress: called with the fraction that is done.
    /// - Throws: ``Blocker`` if a plugin is missing, refuses the request, or has no history.
    package static func fetch(
        _ spec: GeneralScalerSpec, of scaler: FilledScaler, host: PluginHost, secrets: any SecretSource,
        from: Timestamp, to: Timestamp,
        stepSeconds: Int,
        onProgress: (Double) -> Void
    ) async throws(Blocker) -> MetricHistory {
        let resolver = SpecResolver(source: host, secrets: secrets)
        let values = try await resolver.secretValues(of: spec, for: scaler, .recent)
        let resolution = try await resolver.resolve(spec, values, for: scaler)
        let windows = try windows(from, to, stepSeconds)
        let calls = Double(windows.count * resolution.queries.count)
        var history: [Series] = []
        for (index, (metric, query)) in zip(spec.metrics, resolution.queries).enumerated() {
            var series = Series()
            for (number, window) in windows.enumerated() {
                try await read(query, window, host, path: metric.path, into: &series)
                onProgress(Double(index * windows.count + number + 1) / calls)
            }
            history.append(series)
        }
        let times = windows.flatMap { $0.times.map(Timestamp.init(microsecondsSince1970:)) }
        return MetricHistory(declarations: resolution.declarations, times: times, series: history)
    }

    /// Divides the time range into windows of the maximum size of a call.
    private static func windows(
        _ from: Timestamp, _ to: Timestamp, _ stepSeconds: Int
    ) throws(Blocker) -> [RangeWindow] {
        let step = Int64(stepSeconds) * 1_000_000
        var windows: [RangeWindow] = []
        var start = from.microsecondsSince1970
        while start <= to.microsecondsSince1970 {
            let end = min(to.microsecondsSince1970, start + step * Int64(ProtocolLimits.maxRangePoints - 1))
            guard let window = RangeWindow(fromMicroseconds: start, toMicroseconds: end, stepSeconds: stepSeconds)
            else { throw Blocker(.invalidSpec, "a step of \(stepSeconds.counted("second")) is not a valid window") }
            windows.append(window)
            start += step * Int64(ProtocolLimits.maxRangePoints)
        }
        return windows
    }

    private static func read(
        _ query: ReadingQuery, _ window: RangeWindow, _ host: PluginHost, path: String, into series: inout Series
    ) async throws(Blocker) {
        do throws(PluginFailure) {
            let range = try await host.readRange(
                type: query.type, config: query.config, targetType: query.targetType, window: window,
                timeout: callTimeout)
            series.values += range.values(in: window)
        } catch {
            guard case .answered(let answer) = error.kind, answer.kind == .noData else {
                throw Blocker(.pluginUnavailable, "\(path): \(error.message)")
            }
            series.values += window.times.map { _ in nil }
            series.gap = "\(path): \(answer.message)"
        }
    }
}
