package import Scaling
package import WireFormats

extension GeneralScalerSpec {
    /// Returns the spec for the engine, with the resolved metrics.
    package func scalingSpec(metrics: [MetricSpec]) -> ScalingSpec {
        ScalingSpec(
            minReplicas: minReplicas,
            maxReplicas: maxReplicas,
            pollingInterval: pollingInterval,
            isPaused: isPaused,
            isDryRun: mode == .dryRun,
            metrics: metrics,
            policy: policy,
            safety: safety,
            fallback: fallback
        )
    }

    /// Returns the spec for the engine without calling a plugin.
    ///
    /// - Parameter declaration: the declaration of a metric type; used if the metric sets nothing.
    /// - Throws: ``InvalidSpec`` with each metric whose target type is unknown.
    package func scalingSpec(
        declaration: (String, JSON) -> BuiltinMetricTypes.Declaration?
    ) throws(InvalidSpec) -> ScalingSpec {
        var resolved: [MetricSpec] = []
        var problems: [JSONPathError] = []
        for (index, metric) in metrics.enumerated() {
            let declared = declaration(metric.type, metric.config)
            guard let targetType = metric.targetType ?? declared?.targetType else {
                problems.append(
                    JSONPathError(
                        path: "spec.metrics[\(index)].targetType",
                        message: "is required here, Value or AverageValue: \"\(metric.type)\" is the type of a plugin "
                            + "that is not part of this program, and only that plugin knows its default"
                    ))
                continue
            }
            resolved.append(
                metric.resolved(
                    declaredTargetType: targetType, declaredMaxAge: declared?.maxAge, pollingInterval: pollingInterval))
        }
        guard problems.isEmpty else { throw InvalidSpec(problems: problems) }
        return scalingSpec(metrics: resolved)
    }
}
