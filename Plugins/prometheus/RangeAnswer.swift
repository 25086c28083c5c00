import HTTPTransport
import PluginSDK
import WireFormats

/// Prometheus's response to a range query: the result of an instant query at each time of the server's grid.
///
/// Source: https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries
struct RangeAnswer {
    /// The samples of all series, in ascending order of time.
    private let samples: [QueryAnswer.Sample]
    private let hasHistograms: Bool
    private let warnings: [String]

    /// - Throws: the error that the response reports.
    init(_ response: HTTPResponse, config: PrometheusConfig) throws(PluginError) {
        self = try QueryAnswer.read(response, config: config) { try Self($0) }
    }

    private init(_ text: AnswerText) throws {
        let body = JSONReader(text.frame)
        let resultType = try body.required("data").required("resultType")
        guard try resultType.string() == "matrix" else { throw resultType.error("must be matrix") }
        var samples: [QueryAnswer.Sample] = []
        var hasHistograms = false
        try text.eachSeries { series in
            if series.has("histograms") { hasHistograms = true }
            try series.eachOfValues { pair in
                guard samples.count < PrometheusLimits.maxSamples else { throw QueryAnswer.tooMany }
                samples.append(try QueryAnswer.sample(pair))
            }
        }
        samples.sort { $0.microseconds < $1.microseconds }
        self.samples = samples
        self.hasHistograms = hasHistograms
        warnings = try QueryAnswer.warnings(body)
    }

    /// - Throws: `config_invalid` if the query has the wrong result type, `no_data` if there is no value at any time.
    func range(for request: MetricRequest<PrometheusConfig>, window: RangeWindow) throws(PluginError) -> MetricRange {
        var range = MetricRange(points: [])
        var lastGap: PluginError?
        // VictoriaMetrics, Thanos and Mimir align a window to multiples of its step; all truncate times to
        // milliseconds.
        var rest = samples[...]
        for (time, serverTime) in zip(window.times, window.nearest(of: samples.lazy.map(\.microseconds))) {
            do throws(PluginError) {
                let reading = try answer(at: serverTime, &rest).reading(for: request)
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

    /// - Parameters:
    ///   - serverTime: a time of the server's grid; nil if there is none near the requested time.
    ///   - rest: the remaining samples; those up to this time are removed.
    private func answer(at serverTime: Int64?, _ rest: inout ArraySlice<QueryAnswer.Sample>) -> QueryAnswer {
        if hasHistograms { return QueryAnswer(.histograms, warnings: warnings) }
        guard let serverTime else { return QueryAnswer(.vector([]), warnings: warnings) }
        rest = rest.drop { $0.microseconds < serverTime }
        return QueryAnswer(.vector(Array(rest.prefix { $0.microseconds == serverTime })), warnings: warnings)
    }
}
