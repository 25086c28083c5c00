import AWSAuth
import HTTPTransport
import PluginSDK
import SourceSupport

/// A request of a config, as it is sent: two of them that are equal have the same answer.
struct SourceRequest: Hashable, Sendable {
    private let method: String
    private let url: String
    private let headers: [HTTPHeader]
    private let body: [UInt8]?
    private let tls: TLSOptions
    private let signature: AWSSignature?

    init(
        _ config: HTTPSourceConfig, credentials: RequestCredentials, files: some FileReader, nowMicroseconds: Int64
    ) throws(PluginError) {
        method = config.method.rawValue
        var headers = config.headers.sorted { $0.key < $1.key }.map { HTTPHeader($0.key, $0.value.reveal()) }
        func has(_ name: String) -> Bool { headers.contains { $0.name.lowercased() == name } }
        if !has("accept") { headers.append(HTTPHeader("Accept", Self.accept(config))) }
        let text = try Self.filled(config.body, nowMicroseconds, field: "body")
        body = config.method == .post ? Array((text ?? "").utf8) : nil
        if config.method == .post, !has("content-type") {
            headers.append(HTTPHeader("Content-Type", "application/json"))
        }
        if let authorization = credentials.authorization {
            headers.append(HTTPHeader("Authorization", authorization.reveal()))
        }
        if let project = credentials.quotaProject { headers.append(HTTPHeader("X-Goog-User-Project", project)) }
        self.headers = headers
        tls = try config.tls?.options(files) ?? TLSOptions()
        signature = credentials.signature
        url = try Self.filled(config.url, nowMicroseconds, field: "url") ?? ""
    }

    /// Returns the request with a signature of the time, if it has one.
    func http(timeout: Duration, nowMicroseconds: Int64) throws(HTTPError) -> HTTPRequest {
        let request = HTTPRequest(
            method: method, url: url, headers: headers, body: body, tls: tls, timeout: timeout,
            maxBodyBytes: HTTPSourceLimits.maxBodyBytes)
        return try signature?.signed(request, nowMicroseconds: nowMicroseconds) ?? request
    }

    private static func accept(_ config: HTTPSourceConfig) -> String {
        let isPrometheus = config.format == .prometheus || config.metric != nil
        return isPrometheus
            ? "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
            : "application/json,*/*;q=0.5"
    }

    private static func filled(
        _ text: String?, _ nowMicroseconds: Int64, field: String
    ) throws(PluginError) -> String? {
        guard let text else { return nil }
        do throws(ConfigFault) {
            return try TimeTemplate.filled(text, nowMicroseconds: nowMicroseconds)
        } catch {
            throw PluginError(.configInvalid, "\(field) \(error.message)", path: field)
        }
    }
}
