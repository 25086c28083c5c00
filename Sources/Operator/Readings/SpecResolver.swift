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
        for metric in spec.metrics {
            let template = template(of: metric, for: scaler)
            for place in template.places where values.references.insert(place.reference).inserted {
                do throws(SecretProblem) {
                    values.texts[place.reference] = try await secrets.value(
                        of: place.reference, namespace: scaler.namespace, freshness)
                } catch {
                    if template.isInherited(place.path) { try await checkOwnConfigs(of: spec, for: scaler) }
                    throw Blocker(error, path: template.origin(of: place.path))
                }
            }
        }
        return values
    }

    /// Checks a spec's configs without a value of the administrator, so that its absence does not hide the mistakes that
    /// the scaler's author can fix.
    private func checkOwnConfigs(of spec: GeneralScalerSpec, for scaler: FilledScaler) async throws(Blocker) {
        for metric in spec.metrics {
            await source.untilDeclared(metric.type)
            let template = template(of: metric, for: scaler)
            try checkFields(of: metric, template)
            let verdict = await source.validate(type: metric.type, config: template.filledWithStandIns())
            guard case .invalid = verdict else { continue }
            let own = verdict.problems(metric: metric.path)
                .filter { !template.isReference($0.path) && !template.isInherited($0.path) }
            if !own.isEmpty {
                throw Blocker(.invalidMetricConfig, own.map(\.description).joined(separator: "; "))
            }
        }
    }

    private func checkFields(of metric: MetricSourceSpec, _ template: ConfigTemplate) throws(Blocker) {
        let filled = source.filledFieldProblems(
            type: metric.type, own: metric.config, path: "\(metric.path).config")
        // The scaler sets these itself, even if the defaults have a field of that name.
        if let problem = filled.first { throw Blocker(.invalidMetricConfig, problem.description) }
        guard let problem = template.problems.first else { return }
        throw Blocker(.invalidMetricConfig, "\(template.origin(of: problem.path)): \(problem.message)")
    }

    func resolve(
        _ spec: GeneralScalerSpec, _ secrets: SecretValues, for scaler: FilledScaler
    ) async throws(Blocker) -> Resolution {
        var declarations: [BuiltinMetricTypes.Declaration] = []
        var queries: [ReadingQuery] = []
        for metric in spec.metrics {
            await source.untilDeclared(metric.type)
            let template = template(of: metric, for: scaler)
            try checkFields(of: metric, template)
            let config = template.filled(secrets.texts)
            let declared = try await declaration(of: metric, config: config, template)
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
        of metric: MetricSourceSpec, config: PluginConfig, _ template: ConfigTemplate
    ) async throws(Blocker) -> Declaration {
        let path = metric.path
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
                problem.path.isEmpty
                    ? problem.message : "\(template.origin(of: "\(path).config.\(problem.path)")): \(problem.message)"
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
