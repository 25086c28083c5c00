import HTTPTransport
import PluginSDK
import SourceSupport

/// The value of a config in an answer in one of Prometheus's formats.
struct ExpositionReading {
    let selector: SeriesSelector
    let aggregation: Aggregation?

    /// What is kept of a sample: of its labels only the bytes that tell it from others.
    private struct Sample {
        let value: Double
        let microseconds: Int64?
        let line: Int
    }

    func reading(
        of response: HTTPResponse, _ type: ContentType, nowMicroseconds: Int64
    ) throws(PluginError) -> MetricReading {
        var samples: [Sample] = []
        var identities: Set<[UInt8]> = []
        var hasMetric = false
        var parser = ExpositionParser(response.body, isOpenMetrics: type == .openMetrics)
        do {
            try parser.eachSample(named: selector.name) { sample in
                hasMetric = true
                guard selector.matches(sample) else { return }
                guard samples.count < HTTPSourceLimits.maxSamples else {
                    throw PluginError(
                        .configInvalid,
                        "metric matches more than \(HTTPSourceLimits.maxSamples) samples: write narrower matchers",
                        path: "metric")
                }
                guard identities.insert(sample.identity).inserted else {
                    throw PluginError(
                        .sourceUnreachable,
                        "the answer has the same series twice (line \(sample.line)): correct the server, whose metrics are not "
                            + "valid", path: "url")
                }
                samples.append(
                    Sample(value: sample.value, microseconds: sample.microseconds, line: sample.line))
            }
        } catch let error as PluginError {
            throw error
        } catch let error as ExpositionError {
            throw type.mismatch(
                response, expected: type == .openMetrics ? "OpenMetrics" : "the text format of Prometheus",
                reason: "\(error)")
        } catch {
            throw PluginError(.internalError, "\(error)")
        }
        return try reading(samples, hasMetric: hasMetric, nowMicroseconds)
    }

    private func reading(
        _ samples: [Sample], hasMetric: Bool, _ now: Int64
    ) throws(PluginError) -> MetricReading {
        guard let first = samples.first else {
            if aggregation == .count, hasMetric { return MetricReading(value: 0, observedAtMicroseconds: now) }
            throw PluginError(
                .noData,
                hasMetric
                    ? "the answer has the metric, but no series of it matches: check the labels in metric"
                    : "the answer does not have the metric: check its name, and that the server has a value now")
        }
        // A series without a time of its own is as old as the answer.
        let observed = samples.compactMap(\.microseconds).min().map { min($0, now) } ?? now
        if aggregation == .count {
            return MetricReading(value: Double(samples.count), observedAtMicroseconds: observed)
        }
        guard samples.count == 1 || aggregation != nil else {
            throw PluginError(
                .configInvalid,
                "metric matches \(samples.count) series: set aggregation, or write matchers for one",
                path: "aggregation")
        }
        if let faulty = samples.first(where: { !$0.value.isFinite }) {
            throw PluginError(
                .sourceUnreachable,
                "the value in line \(faulty.line) is \(faulty.value), which is not a number to scale on: correct the server, or "
                    + "exclude the series with matchers",
                path: "metric")
        }
        let values = samples.map(\.value)
        let value = aggregation?.combined(values) ?? first.value
        guard value.isFinite else {
            throw PluginError(
                .sourceUnreachable, "the \(values.count) values together exceed the largest number: match fewer series",
                path: "metric")
        }
        let detail = aggregation.map { "the \($0.rawValue) of \(values.count) series" }
        return MetricReading(value: value, observedAtMicroseconds: observed, detail: values.count > 1 ? detail : nil)
    }
}
