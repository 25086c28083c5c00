import FoundationEssentials
import HTTPTransport
import PluginSDK
import SourceSupport

/// Reads the value of a PromQL query from a Prometheus server, or another server with its HTTP API.
@main
struct PrometheusPlugin: RangeMetricPlugin {
    typealias Config = PrometheusConfig

    static let metricType = "prometheus"
    static let description = "The value of a PromQL query, evaluated now by a Prometheus server."
    static let version = SourceVersion.current
    static let defaultTargetType = TargetType.value
    static let maxInFlight = PrometheusLimits.maxInFlight

    private let receiver: AnswerReceiver
    private let files: any FileReader
    private let source: AuthResolver
    private let nowMicroseconds: @Sendable () -> Int64

    init() {
        self.init(
            client: CurlHTTPClient(configuration: .init(peers: SourcePeers.rule)),
            localClient: CurlHTTPClient(configuration: .init(proxies: .none)),
            files: SystemFileReader(), environment: ProcessInfo.processInfo.environment,
            nowMicroseconds: WallClock.nowMicroseconds)
    }

    /// - Parameter localClient: a client without a proxy, for servers that provide a workload's credentials.
    init(
        client: any HTTPClient, localClient: any HTTPClient, files: any FileReader, environment: [String: String],
        nowMicroseconds: @escaping @Sendable () -> Int64
    ) {
        receiver = AnswerReceiver(client)
        self.files = files
        self.nowMicroseconds = nowMicroseconds
        source = AuthResolver(
            client: localClient, tokenClient: client, files: files, environment: environment,
            nowMicroseconds: nowMicroseconds)
    }

    func value(for request: MetricRequest<Config>) async throws -> MetricReading {
        let answer = try await answer(to: request)
        return try answer.read { response throws(PluginError) in
            try QueryAnswer(response, config: request.config).reading(for: request)
        }
    }

    func range(for request: MetricRangeRequest<Config>) async throws -> MetricRange {
        let call = MetricRequest(config: request.config, targetType: request.targetType, deadline: request.deadline)
        let answer = try await answer(to: call, window: request.window)
        return try answer.read { response throws(PluginError) in
            try RangeAnswer(response, config: request.config).range(for: call, window: request.window)
        }
    }

    private func answer(
        to request: MetricRequest<Config>, window: RangeWindow? = nil
    ) async throws(PluginError) -> AnswerReceiver.Answer {
        let credentials = try await source.credentials(request.config)
        let answer = try await send(request, window, credentials)
        guard answer.status == 401 || answer.status == 403 else { return answer }
        // Tokens are rotated externally, so the cached one may have expired.
        let fresh = try await source.freshCredentials(request.config)
        return fresh == credentials ? answer : try await send(request, window, fresh)
    }

    private func send(
        _ request: MetricRequest<Config>, _ window: RangeWindow?, _ credentials: Credentials
    ) async throws(PluginError) -> AnswerReceiver.Answer {
        let call = try QueryRequest(
            request.config, window: window, credentials: credentials, files: files, timeLeft: request.timeLeft)
        do throws(HTTPError) {
            return try await receiver.receive(call.http(nowMicroseconds: nowMicroseconds()))
        } catch {
            throw PluginError(error, config: request.config)
        }
    }
}
