package import Scaling
package import WireFormats

extension GeneralScalerSpec {
    /// Returns the spec for the engine.
    ///
    /// - Parameter declared: what is known of each of ``metrics``, in the same order; used for what the metric itself
    ///   does not set.
    package func scalingSpec(declared: [BuiltinMetricTypes.Declaration]) -> ScalingSpec {
        var deciding: [(index: Int, metric: MetricSpec)] = []
        var inputs: [InputSpec] = []
        for (metric, declaration) in zip(metrics, declared) {
            let maxAge =
                metric.maxAge
                ?? max(MetricSourceSpec.minimumMaxAge, pollingInterval * 3, declaration.maxAge ?? .zero)
            guard let target = metric.targetValue else {
                inputs.append(InputSpec(name: metric.name, maxAge: maxAge))
                continue
            }
            let resolved = MetricSpec(
                name: metric.name, target: target, targetType: metric.targetType ?? declaration.targetType,
                activation: metric.activationValue, maxAge: maxAge)
            deciding.append((metric.index, resolved))
        }
        for metric in formulas {
            let resolved = MetricSpec(
                name: metric.name, target: metric.targetValue, targetType: metric.targetType,
                activation: metric.activationValue, formula: metric.formula)
            deciding.append((metric.index, resolved))
        }
        return ScalingSpec(
            minReplicas: minReplicas,
            maxReplicas: maxReplicas,
            pollingInterval: pollingInterval,
            isPaused: isPaused,
            isDryRun: mode == .dryRun,
            metrics: deciding.sorted { $0.index < $1.index }.map(\.metric),
            inputs: inputs,
            policy: policy,
            safety: safety,
            fallback: fallback,
            schedules: schedules,
            forecast: forecast
        )
    }

    /// The names of all metrics, formulas included, in the order of the spec.
    package var metricNames: [String] { MetricEntries(sources: metrics, formulas: formulas).names }

    /// Returns the spec for the engine without calling a plugin.
    ///
    /// - Parameter declaration: the declaration of a metric type; used if the metric sets nothing.
    /// - Throws: ``InvalidSpec`` with each metric whose target type is unknown.
    package func scalingSpec(
        declaration: (String, JSON) -> BuiltinMetricTypes.Declaration?
    ) throws(InvalidSpec) -> ScalingSpec {
        var declarations: [BuiltinMetricTypes.Declaration] = []
        var problems: [JSONPathError] = []
        for metric in metrics {
            let known = declaration(metric.type, metric.config)
            // An input has no target type.
            let unused: MetricSpec.TargetType? = metric.targetValue == nil ? .value : nil
            guard let targetType = metric.targetType ?? known?.targetType ?? unused else {
                problems.append(
                    JSONPathError(
                        path: "\(metric.path).targetType",
                        message: "is required here, Value or AverageValue: \"\(metric.type)\" is the type of a plugin "
                            + "that is not part of this program, and only that plugin knows its default"
                    ))
                continue
            }
            declarations.append(.init(targetType: targetType, maxAge: known?.maxAge))
        }
        guard problems.isEmpty else { throw InvalidSpec(problems: problems) }
        return scalingSpec(declared: declarations)
    }

    /// The replicas that the spec and its schedules allow.
    package func bounds(at now: Timestamp) -> ClosedRange<Int> {
        schedules.bounds(minReplicas...max(minReplicas, maxReplicas), at: now)
    }

    /// Whether the spec allows 0 replicas, now or at another time.
    package var mayScaleToZero: Bool { minReplicas == 0 || schedules.contains { $0.minReplicas == 0 } }
}
