import PluginSDK
import SourceSupport

extension QueryAnswer {
    /// Returns the single value of the response.
    ///
    /// - Throws: `config_invalid` if the query has the wrong result type, `no_data` if there is no finite value.
    func reading(for request: MetricRequest<PrometheusConfig>) throws(PluginError) -> MetricReading {
        let config = request.config
        if config.failOnWarnings, !warnings.isEmpty {
            throw PluginError(.noData, "the result may be partial, and failOnWarnings is set: \(warningsText)")
        }
        switch result {
        case .scalar(let sample):
            return try reading(sample.value, of: [sample])
        case .vector(let samples):
            if samples.isEmpty { return try emptyReading(config.onEmpty) }
            return try reading(of: samples, request)
        case .histograms:
            throw Self.wrongShape("is a native histogram: apply histogram_quantile(...) or histogram_count(...) to it")
        case .matrix:
            throw Self.wrongShape(
                "is a range of samples: wrap it in a function such as rate(...) or max_over_time(...)")
        case .string:
            throw Self.wrongShape("is a string: write a query that returns a number")
        }
    }

    private func emptyReading(_ onEmpty: PrometheusConfig.OnEmpty) throws(PluginError) -> MetricReading {
        switch onEmpty {
        case .error:
            throw PluginError(
                .noData,
                "the query has an empty result: no series matches it now. Check its metric and label names, or set "
                    + "onEmpty: zero if an absent series means 0")
        case .zero where !warnings.isEmpty:
            // The series may be on a storage node that did not answer.
            throw PluginError(
                .noData, "the query has an empty result that may be partial, so it does not count as 0: \(warningsText)"
            )
        case .zero:
            return MetricReading(
                0, detail: "the query has an empty result, which counts as 0 because onEmpty is zero", isAssumed: true)
        }
    }

    private func reading(
        of samples: [Sample], _ request: MetricRequest<PrometheusConfig>
    ) throws(PluginError) -> MetricReading {
        let values = samples.map(\.value)
        let sum = values.reduce(0, +)
        let average = sum / Double(values.count)
        switch request.config.aggregation {
        case _ where samples.count == 1: return try reading(sum, of: samples)
        case .sum: return try reading(sum, of: samples)
        case .avg: return try reading(average, of: samples)
        case .min: return try reading(values.min() ?? sum, of: samples)
        case .max: return try reading(values.max() ?? sum, of: samples)
        case .single:
            throw PluginError(
                .configInvalid,
                "the query gives \(samples.count) series and aggregation is single: narrow the query to one series",
                path: "query")
        case nil:
            guard request.targetType == .value else {
                throw PluginError(
                    .configInvalid,
                    "the query gives \(samples.count) series, and targetType is AverageValue: the total is divided by "
                        + "the replicas, so write sum(...) around the query or set aggregation: sum",
                    path: "query")
            }
            let note = "the average of \(samples.count) series: set aggregation, or aggregate in the query"
            return try reading(average, of: samples, note: note)
        }
    }

    private func reading(
        _ value: Double, of samples: [Sample], note: String? = nil
    ) throws(PluginError) -> MetricReading {
        let faulty = samples.filter { !$0.value.isFinite }
        if let first = faulty.first {
            let which = samples.count == 1 ? "the value" : "the value of \(faulty.count) of \(samples.count) series"
            throw PluginError(
                .noData,
                "\(which) is \(Self.name(first.value)), which PromQL returns for a division by zero or a quantile of "
                    + "no values: there is no number to scale on")
        }
        guard value.isFinite else {
            throw PluginError(.noData, "the \(samples.count) series together exceed the largest number")
        }
        // The evaluation time is the same for all samples.
        return MetricReading(
            value: value, observedAtMicroseconds: samples.map(\.microseconds).min() ?? 0, detail: joined(note))
    }

    private static func name(_ value: Double) -> String {
        value.isNaN ? "NaN" : value > 0 ? "+Inf" : "-Inf"
    }

    private static func wrongShape(_ message: String) -> PluginError {
        PluginError(.configInvalid, "the query's result \(message)", path: "query")
    }

    private func joined(_ note: String?) -> String? {
        let notes = [note, warnings.isEmpty ? nil : "Prometheus warns: \(warningsText)"].compactMap(\.self)
        return notes.isEmpty ? nil : notes.joined(separator: "; ")
    }

    private var warningsText: String {
        let shown = warnings.prefix(PrometheusLimits.maxWarnings).map { Quoting.shortened($0) }.joined(separator: "; ")
        let rest = warnings.count - PrometheusLimits.maxWarnings
        return rest > 0 ? "\(shown); and \(rest) more" : shown
    }
}
