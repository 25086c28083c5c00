import AWSAuth
import HTTPTransport
import PluginSDK
import SourceSupport
import WireFormats

/// The HTTP request to Prometheus that evaluates a config's query now or at each time of a window.
///
/// Source: https://prometheus.io/docs/prometheus/latest/querying/api/#expression-queries
struct QueryRequest {
    private let unsigned: HTTPRequest
    private let signature: AWSSignature?

    init(
        _ config: PrometheusConfig, window: RangeWindow? = nil, credentials: Credentials, files: some FileReader,
        timeLeft: Duration
    ) throws(PluginError) {
        var timeout = CallDeadline.usable(timeLeft)
        if let seconds = config.timeoutSeconds { timeout = min(timeout, .seconds(seconds)) }

        var fields = config.parameters.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
        fields.append(("query", config.query))
        if let window {
            fields.append(("start", RFC3339.text(microseconds: window.fromMicroseconds)))
            // If a server aligns the window to earlier times, there is still one near the last time.
            let end = window.toMicroseconds.addingReportingOverflow(Int64(window.stepSeconds) * 1_000_000)
            let last = end.overflow ? window.toMicroseconds : end.partialValue
            fields.append(("end", RFC3339.text(microseconds: last)))
            fields.append(("step", "\(window.stepSeconds)"))
        }
        // Lets the server stop an evaluation whose result is no longer needed.
        fields.append(("timeout", "\(max(1, Int(timeout / .milliseconds(1))))ms"))
        let form = Encoding.form(fields)

        var base = config.address[...]
        while base.last == "/" { base.removeLast() }
        let url = "\(base)/api/v1/\(window == nil ? "query" : "query_range")"

        var headers = [HTTPHeader("Accept", "application/json")]
        if let authorization = credentials.authorization {
            headers.append(HTTPHeader("Authorization", authorization.reveal()))
        }
        for (name, value) in config.headers.sorted(by: { $0.key < $1.key }) {
            headers.append(HTTPHeader(name, value.reveal()))
        }
        if config.method == .post { headers.append(HTTPHeader("Content-Type", "application/x-www-form-urlencoded")) }
        signature = credentials.signature
        unsigned = HTTPRequest(
            method: config.method.rawValue,
            url: config.method == .get ? "\(url)?\(form)" : url,
            headers: headers,
            body: config.method == .post ? Array(form.utf8) : nil,
            tls: try config.tls?.options(files) ?? TLSOptions(),
            timeout: timeout,
            maxBodyBytes: PrometheusLimits.maxBodyBytes)
    }

    /// Returns the request with a signature of the time, if it has one.
    func http(nowMicroseconds: Int64) throws(HTTPError) -> HTTPRequest {
        try signature?.signed(unsigned, nowMicroseconds: nowMicroseconds) ?? unsigned
    }
}
