import HTTPTransport
import PluginSDK
import WireFormats

/// What Prometheus answered to a range query: at each time, what an instant query would have answered.
///
/// Source: https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries
struct RangeAnswer {
    /// The samples of all series, by time.
    private let samples: [Int64: [QueryAnswer.Sample]]
    private let hasHistograms: Bool
    private let warnings: [String]

    /// - Throws: the error that the answer means.
    init(_ response: HTTPResponse, config: PrometheusConfig) throws(PluginError) {
        self = try QueryAnswer.read(response, config: config) { body throws(JSONPathError) in try Self(body) }
    }

    private init(_ body: JSONReader) throws(JSONPathError) {
        let data = try body.required("data")
        let resultType = try data.required("resultType")
        guard try resultType.string() == "matrix" else { throw resultType.error("must be matrix") }
        var samples: [Int64: [QueryAnswer.Sample]] = [:]
        var hasHistograms = false
        for series in try QueryAnswer.series(data) {
            if try series.optional("histograms") != nil { hasHistograms = true }
            for pair in try series.optional("values")?.elements() ?? [] {
                let sample = try QueryAnswer.sample(pair)
                samples[sample.microseconds, default: []].append(sample)
            }
        }
        self.samples = samples
        self.hasHistograms = hasHistograms
        warnings = try QueryAnswer.warnings(body)
    }

    /// - Throws: `config_invalid` where the query's shape is wrong, `no_data` where there is no value at any time.
    func range(for request: MetricRequest<PrometheusConfig>, window: RangeWindow) throws(PluginError) -> MetricRange {
        var range = MetricRange(points: [])
        var lastGap: PluginError?
        let step = Int64(window.stepSeconds) * 1_000_000
        for time in stride(from: window.fromMicroseconds, through: window.toMicroseconds, by: Int(step)) {
            do throws(PluginError) {
                let reading = try answer(at: time).reading(for: request)
                range.points.append(MetricRange.Point(atMicroseconds: time, value: reading.value))
                range.detail = range.detail ?? reading.detail
            } catch {
                guard error.kind == .noData else { throw error }
                lastGap = error
            }
        }
        if range.points.isEmpty, let lastGap { throw lastGap }
        return range
    }

    private func answer(at time: Int64) -> QueryAnswer {
        if hasHistograms { return QueryAnswer(.histograms, warnings: warnings) }
        // Prometheus writes times to the millisecond.
        return QueryAnswer(.vector(samples[time / 1_000 * 1_000] ?? []), warnings: warnings)
    }
}
