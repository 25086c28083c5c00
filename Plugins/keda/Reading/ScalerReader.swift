import PluginSDK
import SourceSupport

/// Reads one scaled object's metrics from its external scaler.
struct ScalerReader: Sendable {
    let channel: ScalerChannel
    let scaledObject: ScaledObjectRef
    /// Ends readings at their deadlines.
    let overdue: OverdueCalls

    /// - Parameter isActive: what the scaler just said of its activity; nil to request it.
    /// - Throws: ``PluginError``. A failure of any of the requests is a failure of the reading.
    func reading(
        isActive known: Bool? = nil, until deadline: ContinuousClock.Instant
    ) async throws -> MetricReading {
        try await ReadingLimit(deadline).run(endedBy: overdue) { try await answer(known, until: deadline) }
    }

    private func answer(_ known: Bool?, until deadline: ContinuousClock.Instant) async throws -> MetricReading {
        async let activity = activity(known, until: deadline)
        let shares = try await shares(until: deadline)
        guard let highest = shares.max(by: { $0.share < $1.share }) else { throw noMetrics }
        let among = shares.count > 1 ? "the highest of \(shares.count) metrics: " : ""
        return MetricReading(highest.share, detail: among + highest.description, isActive: try await activity)
    }

    private func activity(_ known: Bool?, until deadline: ContinuousClock.Instant) async throws -> Bool {
        if let known { return known }
        let answer: IsActiveResponse = try await channel.call(.isActive, scaledObject, until: deadline)
        return answer.result
    }

    /// The value of every metric with its target, one after the other.
    private func shares(until deadline: ContinuousClock.Instant) async throws -> [TargetShare] {
        let answer: GetMetricSpecResponse = try await channel.call(.getMetricSpec, scaledObject, until: deadline)
        guard answer.metrics.count <= KedaLimits.maxMetrics else {
            throw PluginError(
                .sourceUnreachable,
                "\(channel.place) has \(answer.metrics.count) metrics for this object, more than the \(KedaLimits.maxMetrics) "
                    + "supported")
        }
        var shares: [TargetShare] = []
        for metric in answer.metrics {
            let request = GetMetricsRequest(scaledObject: scaledObject, metricName: metric.name)
            let answer: GetMetricsResponse = try await channel.call(.getMetrics, request, until: deadline)
            shares.append(try TargetShare(of: metric, in: answer.values, at: channel.place))
        }
        return shares
    }

    private var noMetrics: PluginError {
        PluginError(
            .noData,
            "\(channel.place) has no metric for this object: GetMetricSpec answers an empty list. Check metadata")
    }
}
