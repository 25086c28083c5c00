import FoundationEssentials
import HTTPTransport
import PluginSDK
import SourceSupport

/// Reads a number from the answer of any HTTP server.
@main
struct HTTPPlugin: MetricPlugin {
    typealias Config = HTTPSourceConfig
    private typealias Transfer = Result<AnswerReceiver.Answer, HTTPError>

    static let metricType = "http"
    static let description = "A number in the answer of an HTTP server: JSON, Prometheus text or plain text."
    static let version = SourceVersion.current
    static let defaultTargetType = TargetType.averageValue
    static let maxInFlight = HTTPSourceLimits.maxInFlight

    private let receiver: AnswerReceiver
    private let files: any FileReader
    private let source: AuthResolver
    private let transfers = SharedTransfers<SourceRequest, Transfer>()
    private let nowMicroseconds: @Sendable () -> Int64

    init() {
        self.init(
            client: CurlHTTPClient(configuration: .init(peers: SourcePeers.rule)),
            localClient: CurlHTTPClient(configuration: .init(proxies: .none)),
            files: SystemFileReader(), environment: ProcessInfo.processInfo.environment,
            nowMicroseconds: WallClock.nowMicroseconds)
    }

    /// - Parameter localClient: For the servers that give a workload its credentials; without a proxy.
    init(
        client: any HTTPClient, localClient: any HTTPClient, files: any FileReader, environment: [String: String],
        nowMicroseconds: @escaping @Sendable () -> Int64
    ) {
        receiver = AnswerReceiver(client)
        self.files = files
        self.nowMicroseconds = nowMicroseconds
        source = AuthResolver(
            client: client, localClient: localClient, files: files, environment: environment,
            nowMicroseconds: nowMicroseconds)
    }

    func value(for request: MetricRequest<Config>) async throws -> MetricReading {
        let config = request.config
        let selection = try Selection(config)
        let credentials = try await source.credentials(config)
        var answer = try await send(request, credentials)
        if answer.status == 401 || answer.status == 403 {
            // Tokens are rotated by others: what was read a moment ago may be too old by now.
            let fresh = try await source.freshCredentials(config)
            if fresh != credentials { answer = try await send(request, fresh) }
        }
        return try answer.read { response throws(PluginError) in
            guard 200..<300 ~= response.status, response.status != 204 else {
                throw PluginError(response, config: config)
            }
            return try selection.reading(of: response, nowMicroseconds: nowMicroseconds())
        }
    }

    private func send(
        _ request: MetricRequest<Config>, _ credentials: RequestCredentials
    ) async throws(PluginError) -> AnswerReceiver.Answer {
        let call = try SourceRequest(
            request.config, credentials: credentials, files: files, nowMicroseconds: nowMicroseconds())
        var timeout = CallDeadline.usable(request.timeLeft)
        if let seconds = request.config.timeoutSeconds { timeout = min(timeout, .seconds(seconds)) }
        let transfer = await transfers.value(
            for: call, isFinal: Self.isFinal, cancelled: .failure(HTTPError(.cancelled, "cancelled")),
            transfer: { [receiver, nowMicroseconds] in
                do throws(HTTPError) {
                    let signed = try call.http(timeout: timeout, nowMicroseconds: nowMicroseconds())
                    return .success(try await receiver.receive(signed))
                } catch {
                    return .failure(error)
                }
            })
        do throws(HTTPError) {
            return try transfer.get()
        } catch {
            throw PluginError(error, config: request.config)
        }
    }

    /// Returns whether a transfer's result is good for the other calls too: not if it is that of a call whose own time
    /// was short.
    private static func isFinal(_ transfer: Transfer) -> Bool {
        guard case .failure(let error) = transfer else { return true }
        return error.kind != .cancelled && error.kind != .deadline
    }
}
