import KubernetesClient
import PluginHost
import PluginProtocol
import ScalerAPI
import Scaling
import WireFormats

/// Resolves a spec's metrics with their plugins: validates their configs and reads the target types and ages.
struct SpecResolver: Sendable {
    let source: any MetricSource
    let secrets: any SecretSource

    /// Returns the values that the spec's configs and the operator's defaults reference.
    func secretValues(
        of spec: GeneralScalerSpec, for scaler: FilledScaler, _ freshness: SecretFreshness
    ) async throws(Blocker) -> SecretValues {
        var values = SecretValues()
        let places = spec.metrics.flatMap { template(of: $0, for: scaler).places }
        for place in places where values.references.insert(place.reference).inserted {
            do throws(SecretProblem) {
                values.texts[place.reference] = try await secrets.value(
                    of: place.reference, namespace: scaler.namespace, freshness)
            } catch {
                throw Blocker(error, path: place.path)
            }
        }
        return values
    }

    func resolve(
        _ spec: GeneralScalerSpec, _ secrets: SecretValues, for scaler: FilledScaler
    ) async throws(Blocker) -> Resolution {
        var declarations: [BuiltinMetricTypes.Declaration] = []
        var queries: [ReadingQuery] = []
        for metric in spec.metrics {
            await source.untilDeclared(metric.type)
            if let problem = source.filledFieldProblems(
                type: metric.type, own: metric.config, path: "\(metric.path).config"
            ).first {
                throw Blocker(.invalidMetricConfig, "\(problem)")
            }
            let template = template(of: metric, for: scaler)
            if let problem = template.problems.first { throw Blocker(.invalidMetricConfig, "\(problem)") }
            let config = template.filled(secrets.texts)
            let declared = try await declaration(of: metric, config: config, path: metric.path)
            let targetType = metric.targetType ?? MetricSpec.TargetType(declared.targetType)
            declarations.append(.init(targetType: targetType, maxAge: declared.maxAge))
            queries.append(
                ReadingQuery(
                    type: metric.type, template: template, config: config, targetType: TargetType(targetType),
                    namespace: scaler.namespace))
        }
        return Resolution(
            spec: spec.scalingSpec(declared: declarations), declarations: declarations, queries: queries,
            secrets: secrets, scaler: scaler)
    }

    /// Returns whether a metric's config has the selector of the target's pods filled in.
    func needsSelector(_ spec: GeneralScalerSpec) -> Bool {
        spec.metrics.contains { metric in
            source.metricType(metric.type)?.filledFields.values.values.contains(.targetSelector) ?? false
        }
    }

    private struct Declaration {
        var targetType: TargetType
        var maxAge: Duration?
    }

    private func declaration(
        of metric: MetricSourceSpec, config: PluginConfig, path: String
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

    /// Returns a metric's config over the operator's defaults for its type, with the fields that the operator fills in.
    private func template(of metric: MetricSourceSpec, for scaler: FilledScaler) -> ConfigTemplate {
        source.template(
            type: metric.type, own: metric.config, targetValue: metric.targetValue, for: scaler,
            path: "\(metric.path).config")
    }
}

/// The referenced values at the last read.
struct SecretValues: Sendable, Hashable {
    var references: Set<ValueReference> = []
    /// The values, without missing optional ones.
    var texts: [ValueReference: SecretString] = [:]
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
