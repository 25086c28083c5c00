import HTTPTransport
import JSONPath
import PluginSDK
import SourceSupport

struct HTTPSourceConfig: MetricConfig {
    enum Method: String, CaseIterable, ConfigValue {
        case get = "GET"
        case post = "POST"
    }

    enum Format: String, CaseIterable, ConfigValue {
        case json
        case prometheus
        case text
    }

    @Field(
        """
        URL to request, such as `http://rabbitmq.shop:15672/api/queues/%2F/orders`, with its query. `${now}` and \
        `${now-5m}` in the query become times in seconds since 1970.
        """,
        isAddress: true)
    var url: String

    @Field("The HTTP method.")
    var method = Method.get

    @Field("HTTP headers, such as `X-API-Key`. Their values are kept secret.")
    var headers: [String: Secret] = [:]

    @Field(
        """
        Body of a POST request. `${now}` and `${now-5m}` become times in seconds since 1970. Its Content-Type is \
        `application/json` unless `headers` sets another.
        """)
    var body: String?

    @Field(
        """
        Format of the answer: `json`, `prometheus` (its text format or OpenMetrics) or `text` (a number alone). Default: \
        `json` with `jsonPath`, `prometheus` with `metric`, otherwise by the answer's Content-Type.
        """)
    var format: Format?

    @Field("JSONPath (RFC 9535) of the number in a JSON answer, such as `$.messages`. Default: `$`, the whole answer.")
    var jsonPath: String?

    @Field(
        """
        Metric of a Prometheus answer: its name and label matchers, such as \
        `vllm:num_requests_waiting{model_name="llama"}`. The matchers are those of PromQL; regular expressions are \
        I-Regexps (RFC 9485).
        """)
    var metric: String?

    @Field("How to combine several values into one; `count` counts them. Default: several values are an error.")
    var aggregation: Aggregation?

    @Field("Timeout of the request in seconds; the call's own deadline always applies.", minimum: 0.1, maximum: 300)
    var timeoutSeconds: Double?

    @Field("Credentials: exactly one of `basic`, `bearer`, `oauth2`, `sigv4` and `google`.")
    var auth: HTTPAuth?

    @Field("How to verify the server, and the client's certificate.")
    var tls: TLSConfig?

    func validate() -> [ConfigProblem] {
        var problems: [ConfigProblem] = []
        func add(_ path: String, _ message: String?) {
            if let message { problems.append(ConfigProblem(path: path, message: message)) }
        }
        add("url", urlFault)
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
            add("headers.\(name)", headerFault(name, value))
        }
        add("body", bodyFault)
        add("jsonPath", jsonPathFault)
        add("metric", metricFault)
        if let auth { add("auth.google", auth.googleFault(url: url)) }
        return problems
    }

    private var urlFault: String? {
        let parts = url.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        if url.contains("#") { return "must end before the #" }
        if parts[0].contains("${") { return "may have ${...} only in its query, after the ?" }
        if let fault = BaseURL.fault(of: String(parts[0])) {
            return fault == .user ? "\(fault.message): use auth.basic" : fault.message
        }
        guard parts.count == 2 else { return nil }
        do throws(ConfigFault) {
            let query = try TimeTemplate.filled(String(parts[1]), nowMicroseconds: 0)
            let isEncoded = query.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !#""\<>"#.utf8.contains($0) }
            return isEncoded ? nil : "must be ASCII without blanks, quotes and backslashes: percent-encode the rest"
        } catch {
            return error.message
        }
    }

    private func headerFault(_ name: String, _ value: Secret) -> String? {
        let isToken = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard isToken, !name.isEmpty else { return "is not a header name: use letters, digits, - and _" }
        let lowercased = name.lowercased()
        guard !["content-length", "transfer-encoding", "host", "accept-encoding"].contains(lowercased) else {
            return "is set by the plugin; remove it"
        }
        if headers.keys.contains(where: { $0 != name && $0.lowercased() == lowercased && $0 < name }) {
            return "is listed twice"
        }
        if ["authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"].contains(lowercased),
            auth != nil
        {
            return "is set by auth; remove one of the two"
        }
        guard value.reveal().utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            return "contains a control character, such as a newline: remove it"
        }
        return nil
    }

    private var bodyFault: String? {
        guard let body else { return nil }
        guard method == .post else { return "needs method: POST" }
        guard body.utf8.count <= HTTPSourceLimits.maxRequestBytes else {
            return "must be at most \(HTTPSourceLimits.maxRequestBytes >> 10) KiB"
        }
        do throws(ConfigFault) {
            _ = try TimeTemplate.filled(body, nowMicroseconds: 0)
            return nil
        } catch {
            return error.message
        }
    }

    private var jsonPathFault: String? {
        guard let jsonPath else { return nil }
        guard [nil, .json].contains(format), metric == nil else {
            return "is allowed with JSON answers only; remove it"
        }
        do throws(JSONPathSyntaxError) {
            let query = try JSONPathQuery(parsing: jsonPath)
            return query.invalidPatterns.first.map { "has a pattern that is not an I-Regexp (RFC 9485): \($0)" }
        } catch {
            return "is not a valid JSONPath (RFC 9535): \(error)"
        }
    }

    private var metricFault: String? {
        guard let metric else { return format == .prometheus ? "is required with format: prometheus" : nil }
        guard [nil, .prometheus].contains(format) else { return "is allowed with Prometheus answers only; remove it" }
        do throws(ConfigFault) {
            _ = try SeriesSelector(parsing: metric)
            return nil
        } catch {
            return error.message
        }
    }
}

/// What is wrong with a text of the config, as it follows the field's name.
struct ConfigFault: Error, Hashable {
    let message: String

    init(_ message: String) {
        self.message = message
    }
}
