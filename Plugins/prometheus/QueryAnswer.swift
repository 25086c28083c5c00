import HTTPTransport
import PluginSDK
import SourceSupport
import WireFormats

/// What Prometheus answered to an instant query.
///
/// Source: https://prometheus.io/docs/prometheus/latest/querying/api/#expression-query-result-formats
struct QueryAnswer: Equatable {
    enum Result: Equatable {
        case scalar(Sample)
        case vector([Sample])
        /// A vector whose series are native histograms, which are no numbers.
        case histograms
        case matrix
        case string
    }

    struct Sample: Equatable {
        let microseconds: Int64
        /// Also NaN or infinite: PromQL knows both.
        let value: Double
    }

    let result: Result
    let warnings: [String]

    init(_ result: Result, warnings: [String] = []) {
        self.result = result
        self.warnings = warnings
    }

    /// - Throws: the error that the answer means.
    init(_ response: HTTPResponse, config: PrometheusConfig) throws(PluginError) {
        self = try Self.read(response, config: config) { body throws(JSONPathError) in try Self(body) }
    }

    /// Reads an answer of any query, or throws the error that it means.
    static func read<Answer>(
        _ response: HTTPResponse, config: PrometheusConfig, _ answer: (JSONReader) throws(JSONPathError) -> Answer
    ) throws(PluginError) -> Answer {
        let body = try? JSON(parsing: response.body)
        guard response.status == 200 else { throw PluginError(response, body, config: config) }
        guard let body else {
            throw PluginError(
                .sourceUnreachable,
                "the answer is not JSON: \(Quoting.quote(response.body)). Check that address is that of a Prometheus API"
            )
        }
        if body["status"] == "error" { throw PluginError(apiError: body) }
        guard [nil, .null, "success", partialStatus].contains(body["status"]) else {
            throw PluginError(
                .sourceUnreachable,
                "the answer has a status that is neither success nor error: \(Quoting.quote(response.body))")
        }
        do throws(JSONPathError) {
            return try answer(JSONReader(body))
        } catch {
            throw PluginError(
                .sourceUnreachable,
                "the answer is not that of a Prometheus query: \(error). Check that address is that of a Prometheus API"
            )
        }
    }

    private init(_ body: JSONReader) throws(JSONPathError) {
        let data = try body.required("data")
        let resultType = try data.required("resultType")
        switch try resultType.string() {
        case "scalar": self.result = .scalar(try Self.sample(try data.required("result")))
        case "vector": self.result = try Self.vector(try Self.series(data))
        case "matrix": self.result = .matrix
        case "string": self.result = .string
        case let other: throw resultType.error("is \(other.prefix(32))")
        }
        warnings = try Self.warnings(body)
    }

    /// The series of a result. A server in Go writes a list that it never made as null, which is an empty one.
    static func series(_ data: JSONReader) throws(JSONPathError) -> [JSONReader] {
        data.value["result"] == .null ? [] : try data.required("result").elements()
    }

    /// What the server says about its result, a partial one among it.
    static func warnings(_ body: JSONReader) throws(JSONPathError) -> [String] {
        var warnings: [String] = []
        for warning in try body.optional("warnings")?.elements() ?? [] { warnings.append(try warning.string()) }
        // VictoriaMetrics tells of storage nodes that did not answer by this member alone.
        if body.value["isPartial"] == true {
            warnings.append("the result is partial (isPartial): not every storage node has answered")
        }
        if body.value["status"] == partialStatus { warnings.append("the result is partial (status)") }
        return warnings
    }

    private static let partialStatus: JSON = "partial"

    private static func vector(_ result: [JSONReader]) throws(JSONPathError) -> Result {
        var samples: [Sample] = []
        for series in result {
            if try series.optional("histogram") != nil { return .histograms }
            samples.append(try sample(try series.required("value")))
        }
        return .vector(samples)
    }

    /// `[1700000000.123, "42"]`: seconds since 1970, and the value as Go writes it.
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
