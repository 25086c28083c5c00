import GoogleAuth
import PluginProtocol
import SourceSupport
import WireFormats

@testable import HTTPTransport
@testable import PluginSDK
@testable import generalscaler_plugin_prometheus
@testable import generalscaler_plugin_pubsub

extension FuzzTarget {
    private static let nowMicroseconds: Int64 = 1_767_323_045_000_000
    private static let window = RangeWindow(
        fromMicroseconds: 1_767_323_000_000_000, toMicroseconds: 1_767_323_060_000_000, stepSeconds: 15)

    private static let prometheusConfigs: [PrometheusConfig] =
        ([nil] + PrometheusConfig.Aggregation.allCases.map(\.rawValue)).enumerated().map { index, aggregation in
            var config: [String: JSON] = ["address": "http://prometheus:9090", "query": "up"]
            config["aggregation"] = aggregation.map(JSON.string)
            config["onEmpty"] = index.isMultiple(of: 2) ? "zero" : "error"
            config["failOnWarnings"] = .bool(index == 5)
            return decoded(config)
        }

    private static let pubSubConfigs: [PubSubConfig] =
        ([nil] + PubSubConfig.Aggregation.allCases.map(\.rawValue)).enumerated().map { index, aggregation in
            let metrics = PubSubConfig.Metric.allCases
            var config: [String: JSON] = ["subscription": "projects/shop/subscriptions/orders"]
            config["aggregation"] = aggregation.map(JSON.string)
            config["metric"] = .string(metrics[index % metrics.count].rawValue)
            return decoded(config)
        }

    private static func decoded<Config: MetricConfig>(_ config: [String: JSON]) -> Config {
        do throws(ConfigProblems) {
            return try Config(config: JSONReader(.object(config)))
        } catch {
            preconditionFailure("\(error)")
        }
    }

    /// The first byte picks the status and the config.
    static let prometheusAnswers = FuzzTarget("prometheus-answers") { (input) throws(FuzzFinding) in
        let choice = Int(input.first ?? 0)
        let statuses = [200, 200, 200, 200, 200, 302, 400, 401, 404, 405, 422, 429, 500, 503]
        let head = HTTPResponseHead(
            status: statuses[choice % statuses.count],
            headers: [HTTPHeader("Retry-After", "\(choice)"), HTTPHeader("Location", "http://elsewhere/")])
        let response = HTTPResponse(head: head, body: Array(input.dropFirst()))
        let config = prometheusConfigs[choice % prometheusConfigs.count]
        for targetType in TargetType.allCases {
            let request = MetricRequest(config: config, targetType: targetType, deadline: .now)
            try check { () throws(PluginError) in
                .reading(try QueryAnswer(response, config: config).reading(for: request))
            }
            guard let window else { continue }
            try check { () throws(PluginError) in
                .range(try RangeAnswer(response, config: config).range(for: request, window: window))
            }
        }
    }

    /// The first byte picks the status and the config.
    static let monitoringAnswers = FuzzTarget("monitoring-answers") { (input) throws(FuzzFinding) in
        let choice = Int(input.first ?? 0)
        guard let query = try? Query(pubSubConfigs[choice % pubSubConfigs.count]) else {
            throw FuzzFinding("the config is refused")
        }
        let statuses = [302, 400, 401, 403, 404, 429, 500, 503]
        let head = HTTPResponseHead(
            status: statuses[choice % statuses.count], headers: [HTTPHeader("Retry-After", "\(choice)")])
        let response = HTTPResponse(head: head, body: Array(input.dropFirst()))
        try requireShort(PluginError(response, query.subscription).message, "the error")
        let refusal = PluginError(refusalOf: response, credentials: "key", nowMicroseconds: nowMicroseconds)
        try requireShort(refusal.message, "the refusal")
        try check { () throws(PluginError) in
            let series = try TimeSeriesPage(response.body).series.values.map(TimeSeries.init)
            return .reading(try query.reading(of: series, at: nowMicroseconds))
        }
        guard let window else { return }
        try check { () throws(PluginError) in
            let series = try TimeSeriesPage(response.body).series.values.map(TimeSeries.init)
            return .range(try query.range(of: series, window))
        }
    }

    /// Checks that answers conform to the protocol, and that a refusal is a short error.
    private static func check(_ answer: () throws(PluginError) -> CallAnswer) throws(FuzzFinding) {
        let outcome = Result(catching: answer)
        switch outcome.flatMap({ answer in answer.fault.map { .failure($0) } ?? .success(answer) }) {
        case .success: break
        case .failure(let error):
            try require(error.kind != .internalError, error.message)
            try requireShort(error.message, "the error")
        }
    }

    /// Credentials files, tokens, and Google's token responses.
    static let googleCredentials = FuzzTarget("google-credentials") { (input) throws(FuzzFinding) in
        if let token = AccessToken(input, nowMicroseconds: nowMicroseconds) {
            try require(AccessToken.isToken(token.token.reveal()), "the token is invalid in a header")
        }
        _ = try? ServiceAccountKey(ofResource: Secret(String(decoding: input, as: UTF8.self)), tokenEndpoint: nil)
        switch Result(catching: { () throws(CredentialFault) in try GoogleCredentials(input) }) {
        case .failure(let fault): try requireShort(fault.message, "the fault")
        case .success(.serviceAccount(let key)): _ = try? SignedAssertion.signer(key)
        case .success(.authorizedUser): break
        case .success(.externalAccount(let account)):
            guard let token = account.subjectToken(in: input) else { return }
            try require(AccessToken.isToken(token.reveal()), "the token is invalid in a header")
        }
    }
}
