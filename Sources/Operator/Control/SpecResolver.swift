import PluginHost
import PluginProtocol
import Scaling
import WireFormats

/// Asks the plugins about a spec's metrics: whether they know them, and what target type and age they imply.
struct SpecResolver: Sendable {
    let source: any MetricSource

    func resolve(_ spec: GeneralScalerSpec) async throws(Blocker) -> Resolution {
        var metrics: [MetricSpec] = []
        var queries: [ReadingQuery] = []
        for (index, metric) in spec.metrics.enumerated() {
            let config = merged(metric)
            let declared = try await declaration(of: metric, config: config, path: "spec.metrics[\(index)]")
            let resolved = metric.resolved(
                declaredTargetType: MetricSpec.TargetType(declared.targetType),
                declaredMaxAge: declared.maxAge,
                pollingInterval: spec.pollingInterval
            )
            metrics.append(resolved)
            queries.append(
                ReadingQuery(type: metric.type, config: config, targetType: TargetType(resolved.targetType))
            )
        }
        return Resolution(spec: spec.scalingSpec(metrics: metrics), queries: queries)
    }

    private struct Declaration {
        var targetType: TargetType
        var maxAge: Duration?
    }

    private func declaration(
        of metric: MetricSourceSpec, config: JSON, path: String
    ) async throws(Blocker) -> Declaration {
        switch await source.validate(type: metric.type, config: config) {
        case .valid(let targetType):
            guard let installed = source.metricType(metric.type) else {
                throw Blocker(.pluginUnavailable, "\(path): the plugin for \"\(metric.type)\" is restarting.")
            }
            return Declaration(
                targetType: targetType ?? installed.description.defaultTargetType,
                maxAge: installed.description.maxAgeMs.map { .milliseconds($0) }
            )
        case .invalid(let problems):
            let details = problems.map { problem in
                problem.path.isEmpty ? problem.message : "\(path).config.\(problem.path): \(problem.message)"
            }
            throw Blocker(.invalidMetricConfig, details.joined(separator: "; "))
        case .unavailable(let failure):
            let reason: Blocker.Reason = failure.kind == .unknownType ? .unknownMetricType : .pluginUnavailable
            throw Blocker(reason, "\(path): \(failure.message)")
        }
    }

    /// The metric's config over the operator's defaults for its type, field by field.
    private func merged(_ metric: MetricSourceSpec) -> JSON {
        .object(source.defaults(forType: metric.type).merging(metric.config.objectValue ?? [:]) { _, own in own })
    }
}

extension MetricSpec.TargetType {
    init(_ type: TargetType) {
        switch type {
        case .value: self = .value
        case .averageValue: self = .averageValue
        }
    }
}

extension TargetType {
    init(_ type: MetricSpec.TargetType) {
        switch type {
        case .value: self = .value
        case .averageValue: self = .averageValue
        }
    }
}
