import HTTPTransport
import PluginSDK
import SourceSupport
import WireFormats

/// Prometheus's response to an instant query.
///
/// Source: https://prometheus.io/docs/prometheus/latest/querying/api/#expression-query-result-formats
struct QueryAnswer: Equatable {
    enum Result: Equatable {
        case scalar(Sample)
        case vector([Sample])
        /// A vector whose series are native histograms, which are not numbers.
        case histograms
        case matrix
        case string
    }

    struct Sample: Equatable {
        let microseconds: Int64
        /// The value, which may be NaN or infinite in PromQL.
        let value: Double
    }

    let result: Result
    let warnings: [String]

    init(_ result: Result, warnings: [String] = []) {
        self.result = result
        self.warnings = warnings
    }

    /// - Throws: the error that the response reports.
    init(_ response: HTTPResponse, config: PrometheusConfig) throws(PluginError) {
        self = try Self.read(response, config: config) { try Self($0) }
    }

    /// Reads the response to any query, or throws the error that it reports.
    static func read<Answer>(
        _ response: HTTPResponse, config: PrometheusConfig, _ answer: (AnswerText) throws -> Answer
    ) throws(PluginError) -> Answer {
        guard response.status == 200 else {
            throw PluginError(
                response, try? JSON(parsing: response.body, limits: PrometheusLimits.frame), config: config)
        }
        do {
            let text = try AnswerText(response.body)
            if text.frame["status"] == "error" { throw PluginError(apiError: text.frame) }
            guard [nil, .null, "success", partialStatus].contains(text.frame["status"]) else {
                throw PluginError(
                    .sourceUnreachable,
                    "the answer has a status that is neither success nor error: \(Quoting.quote(response.body))")
            }
            return try answer(text)
        } catch let error as PluginError {
            throw error
        } catch let error as JSONPathError {
            throw PluginError(
                .sourceUnreachable,
                "the response is not that of a Prometheus query: \(error). Check that address is the URL of a Prometheus API"
            )
        } catch {
            throw PluginError(
                .sourceUnreachable,
                "the answer is not JSON: \(Quoting.quote(response.body)). Check that address is the URL of a Prometheus API"
            )
        }
    }

    private init(_ text: AnswerText) throws {
        let body = JSONReader(text.frame)
        let resultType = try body.required("data").required("resultType")
        switch try resultType.string() {
        case "scalar":
            guard let result = text.result else { throw JSONPathError(path: "data.result", message: "is required") }
            let pair = JSONReader(
                try JSON(parsing: result, limits: PrometheusLimits.sample), path: "data.result")
            self.result = .scalar(try Self.sample(pair))
        case "vector": self.result = try Self.vector(text)
        case "matrix": self.result = .matrix
        case "string": self.result = .string
        case let other: throw resultType.error("is \(other.prefix(32))")
        }
        warnings = try Self.warnings(body)
    }

    /// Returns the server's warnings about its result, including one for a partial result.
    static func warnings(_ body: JSONReader) throws(JSONPathError) -> [String] {
        var warnings: [String] = []
        for warning in try body.optional("warnings")?.elements() ?? [] { warnings.append(try warning.string()) }
        // VictoriaMetrics reports unavailable storage nodes only with this member.
        if body.value["isPartial"] == true {
            warnings.append("the result is partial (isPartial): not every storage node has answered")
        }
        if body.value["status"] == partialStatus { warnings.append("the result is partial (status)") }
        return warnings
    }

    private static let partialStatus: JSON = "partial"

    private static func vector(_ text: AnswerText) throws -> Result {
        var samples: [Sample] = []
        var hasHistograms = false
        try text.eachSeries { series in
            if series.has("histogram") { hasHistograms = true }
            guard !hasHistograms else { return }
            guard samples.count < PrometheusLimits.maxSamples else { throw Self.tooMany }
            samples.append(try sample(series.value()))
        }
        return hasHistograms ? .histograms : .vector(samples)
    }

    static var tooMany: PluginError {
        PluginError(
            .configInvalid,
            "the answer has more than \(PrometheusLimits.maxSamples) samples: aggregate in the query, so that it gives "
                + "one series",
            path: "query")
    }

    /// Parses `[1700000000.123, "42"]`: seconds since 1970, and the value as Go formats it.
    static func sample(_ pair: JSONReader) throws(JSONPathError) -> Sample {
        let elements = try pair.elements()
        guard elements.count == 2 else { throw pair.error("must be a time and a value") }
        let seconds = try elements[0].double()
        guard let microseconds = Int64(exactly: (seconds * 1e6).rounded()) else {
            throw elements[0].error("is not a time")
        }
        guard let value = Double(try elements[1].string()) else { throw elements[1].error("is not a number") }
        return Sample(microseconds: microseconds, value: value)
    }
}
