import FoundationEssentials
import HTTPTransport
import PluginSDK
import SourceSupport

/// Reads the value of a PromQL query from a Prometheus server, or from anything that speaks its HTTP API.
@main
struct PrometheusPlugin: RangeMetricPlugin {
    typealias Config = PrometheusConfig

    static let metricType = "prometheus"
    static let description = "The value of a PromQL query, evaluated now by a Prometheus server."
    static let version = "0.1.0"
    static let defaultTargetType = TargetType.value
    static let maxInFlight = PrometheusLimits.maxInFlight

    private let client: any HTTPClient
    private let files: any FileReader
    private let source: CredentialSource

    init() {
        self.init(
            client: CurlHTTPClient(), localClient: CurlHTTPClient(configuration: .init(proxies: .none)),
            files: SystemFileReader(), environment: ProcessInfo.processInfo.environment,
            nowMicroseconds: WallClock.nowMicroseconds)
    }

    /// - Parameter localClient: For the servers that give a workload its credentials; without a proxy.
    init(
        client: any HTTPClient, localClient: any HTTPClient, files: any FileReader, environment: [String: String],
        nowMicroseconds: @escaping @Sendable () -> Int64
    ) {
        self.client = client
        self.files = files
        source = CredentialSource(
            client: localClient, files: files, environment: environment, nowMicroseconds: nowMicroseconds)
    }

    func value(for request: MetricRequest<Config>) async throws -> MetricReading {
        let response = try await response(to: request)
        return try QueryAnswer(response, config: request.config).reading(for: request)
    }

    func range(for request: MetricRangeRequest<Config>) async throws -> MetricRange {
        let call = MetricRequest(config: request.config, targetType: request.targetType, deadline: request.deadline)
        let response = try await response(to: call, window: request.window)
        return try RangeAnswer(response, config: request.config).range(for: call, window: request.window)
    }

    private func response(
        to request: MetricRequest<Config>, window: RangeWindow? = nil
    ) async throws(PluginError) -> HTTPResponse {
        let credentials = try await source.credentials(request.config)
        let response = try await send(request, window, credentials)
        guard response.status == 401 || response.status == 403 else { return response }
        // Tokens are rotated by others: what was read a moment ago may be too old by now.
        let fresh = try await source.freshCredentials(request.config)
        return fresh == credentials ? response : try await send(request, window, fresh)
    }

    private func send(
        _ request: MetricRequest<Config>, _ window: RangeWindow?, _ credentials: Credentials
    ) async throws(PluginError) -> HTTPResponse {
        let call = try QueryRequest(
            request.config, window: window, credentials: credentials, files: files, timeLeft: request.timeLeft)
        do throws(HTTPError) {
            return try await client.send(call.http)
        } catch {
            throw PluginError(error, config: request.config)
        }
    }
}
