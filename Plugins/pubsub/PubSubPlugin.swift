import FoundationEssentials
import GoogleAuth
import HTTPTransport
import PluginSDK
import SourceSupport

/// Reads the backlog of a Pub/Sub subscription from Cloud Monitoring, because the Pub/Sub API does not return it.
@main
struct PubSubPlugin: RangeMetricPlugin {
    typealias Config = PubSubConfig

    static let metricType = "pubsub"
    static let description = "The backlog of a Google Cloud Pub/Sub subscription, as reported by Cloud Monitoring."
    static let version = SourceVersion.current
    static let defaultTargetType = TargetType.averageValue
    static let maxInFlight = PubSubLimits.maxInFlight
    static let maxAge: Duration? = PubSubLimits.maxAge

    private let receiver: AnswerReceiver
    private let source: TokenSource
    private let tokens: AccessTokenCache<TokenOwner>
    private let environment: [String: String]
    private let nowMicroseconds: @Sendable () -> Int64

    init() {
        self.init(
            client: CurlHTTPClient(configuration: .init(peers: SourcePeers.rule)),
            metadataClient: CurlHTTPClient(configuration: .init(proxies: .none)),
            files: SystemFileReader(),
            environment: ProcessInfo.processInfo.environment,
            nowMicroseconds: WallClock.nowMicroseconds)
    }

    init(
        client: any HTTPClient, metadataClient: any HTTPClient, files: any FileReader, environment: [String: String],
        nowMicroseconds: @escaping @Sendable () -> Int64
    ) {
        receiver = AnswerReceiver(client)
        self.environment = environment
        self.nowMicroseconds = nowMicroseconds
        source = TokenSource(
            scope: PubSubLimits.scope, client: client,
            metadata: GoogleMetadata(
                client: metadataClient, environment: environment, nowMicroseconds: nowMicroseconds),
            files: files, environment: environment, nowMicroseconds: nowMicroseconds)
        tokens = AccessTokenCache(nowMicroseconds: nowMicroseconds)
    }

    /// An age is compared with its target directly; a backlog is divided by the replicas.
    func targetType(for config: Config) -> TargetType? {
        config.metric == .oldestUnackedAge ? .value : .averageValue
    }

    func value(for request: MetricRequest<Config>) async throws -> MetricReading {
        let now = nowMicroseconds()
        let query = try Query(request.config)
        let series = try await series(
            query, interval: query.windowStart(now)...now, deadline: .now + CallDeadline.usable(request.timeLeft))
        return try query.reading(of: series, at: now)
    }

    /// Returns, for each time, the value that Cloud Monitoring has now. Readings at that time may have been older,
    /// because points appear late.
    func range(for request: MetricRangeRequest<Config>) async throws -> MetricRange {
        let window = request.window
        let query = try Query(request.config)
        let series = try await series(
            query, interval: query.windowStart(window.fromMicroseconds)...window.toMicroseconds,
            deadline: .now + CallDeadline.usable(request.timeLeft))
        return try query.range(of: series, window)
    }

    private func series(
        _ query: Query, interval: ClosedRange<Int64>, deadline: ContinuousClock.Instant
    ) async throws -> [TimeSeries] {
        try checkPlaces(query.config)
        let owner = try TokenOwner(query.config)
        let call = Call(query: query, interval: interval, deadline: deadline)
        let token = try await token(for: owner)
        do {
            return try await pages(call, token)
        } catch let error as Unauthorized {
            // The token was revoked early: retry once with a new one.
            await tokens.drop(token, for: owner)
            let fresh = try await self.token(for: owner)
            guard fresh != token else { throw error.pluginError }
            do {
                return try await pages(call, fresh)
            } catch let error as Unauthorized {
                throw error.pluginError
            }
        }
    }

    /// Checks that the operator's own credentials are only sent to Google, or to emulators that the administrator
    /// configured.
    private func checkPlaces(_ config: Config) throws(PluginError) {
        guard config.isOperators else { return }
        for (path, url) in [("endpoint", config.endpoint), ("tokenEndpoint", config.tokenEndpoint)] {
            guard let url, !GoogleHosts.mayGetToken(url, environment: environment) else { continue }
            throw PluginError(
                .configInvalid,
                "the operator's own credentials are sent only to https://*.googleapis.com and to emulators in "
                    + "\(GoogleHosts.emulatorVariable) in env of the plugin in plugins.yaml, not to \(path): set "
                    + "credentials or token",
                path: path)
        }
    }

    private func token(for owner: TokenOwner) async throws(PluginError) -> AccessToken {
        do throws(PluginError) {
            return try await tokens.token(for: owner) { [source] () async throws(PluginError) in
                try await source.token(for: owner)
            }
        } catch {
            var error = error
            if case .federated = owner { error.path = "token" }
            throw error
        }
    }

    private struct Call {
        let query: Query
        let interval: ClosedRange<Int64>
        let deadline: ContinuousClock.Instant
    }

    private struct Unauthorized: Error {
        let pluginError: PluginError
    }

    private func pages(_ call: Call, _ token: AccessToken) async throws -> [TimeSeries] {
        var points: [String: [TimeSeriesPage.Point]] = [:]
        var pageToken: String?
        for _ in 0..<PubSubLimits.maxPages {
            let page = try await page(call, token, pageToken)
            if let error = page.executionErrors.first {
                throw PluginError(
                    .noData, "Cloud Monitoring reports that its response may be incomplete: \(Quoting.shortened(error))"
                )
            }
            points.merge(page.series, uniquingKeysWith: +)
            guard points.count <= PubSubLimits.maxSeries,
                points.values.reduce(0, { $0 + $1.count }) <= PubSubLimits.maxPoints
            else {
                throw PluginError(
                    .sourceUnreachable,
                    "Cloud Monitoring returned more than \(PubSubLimits.maxPoints) points for one subscription")
            }
            guard points.keys.reduce(0, { $0 + $1.utf8.count }) <= PubSubLimits.maxLabelBytes else {
                throw PluginError(
                    .sourceUnreachable,
                    "Cloud Monitoring returned more than \(PubSubLimits.maxLabelBytes >> 10) KiB of labels for one "
                        + "subscription")
            }
            guard let next = page.nextPageToken else { return points.values.map(TimeSeries.init) }
            pageToken = next
        }
        throw PluginError(
            .sourceUnreachable,
            "Cloud Monitoring returned more than \(PubSubLimits.maxPages) pages for one subscription"
        )
    }

    private func page(
        _ call: Call, _ token: AccessToken, _ pageToken: String?
    ) async throws -> TimeSeriesPage {
        let request = TimeSeriesRequest(
            call.query.config, call.query.subscription, interval: call.interval, token: token, pageToken: pageToken,
            timeout: ContinuousClock.now.duration(to: call.deadline))
        let answer: AnswerReceiver.Answer
        do throws(HTTPError) {
            answer = try await receiver.receive(request.http)
        } catch {
            throw PluginError(
                error, from: "Cloud Monitoring", path: "endpoint", maxBodyBytes: PubSubLimits.maxBodyBytes)
        }
        return try answer.read { response in
            func refusal() -> PluginError {
                PluginError(
                    response, call.query.subscription, credentialsField: call.query.config.credentialsField)
            }
            return switch response.status {
            case 200: try TimeSeriesPage(response.body)
            case 401: throw Unauthorized(pluginError: refusal())
            default: throw refusal()
            }
        }
    }
}

extension TokenOwner {
    init(_ config: PubSubConfig) throws(PluginError) {
        if let identity = config.federation.identity {
            self = .federated(identity)
            return
        }
        guard let credentials = config.credentials else {
            self = .ambient(tokenEndpoint: config.tokenEndpoint)
            return
        }
        do throws(CredentialFault) {
            self = .serviceAccount(
                try ServiceAccountKey(ofResource: credentials, tokenEndpoint: config.tokenEndpoint),
                tokenEndpoint: config.tokenEndpoint)
        } catch {
            throw PluginError(.configInvalid, "credentials: \(error.message)", path: "credentials")
        }
    }
}
