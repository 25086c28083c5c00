import ClusterSimulator
import Foundation
import HTTPTransport
import KubernetesClient
import Scaling
import ServiceLifecycle
import SystemIO
import TestSupport
import Testing
import WireFormats

@testable import Operator
@testable import ScalerAPI

/// A cluster with the webhook's configuration, and a manual clock.
struct AdmissionCluster {
    static let service = ObjectKey(namespace: "shop", name: "webhook")
    static let configurationPath =
        "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/generalscaler"
    static let secretPath = "/api/v1/namespaces/shop/secrets/webhook"

    let environment: TestEnvironment
    let clock: ManualClock
    let metrics = OperatorCounters()

    /// - Parameter age: how far the clock is behind the machine's.
    init(age: Duration = .zero) throws {
        let now = Int64(Date().timeIntervalSince1970 * 1e6) - age.components.seconds * 1_000_000
        clock = ManualClock(startMicroseconds: now)
        environment = try TestEnvironment()
        environment.source.answer { _ in 1 }
        try environment.api.create([
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": ["name": "generalscaler"],
            "webhooks": [
                [
                    "name": "a.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None",
                    "clientConfig": ["service": ["namespace": "shop", "name": "webhook", "path": "/validate"]],
                ]
            ],
        ])
    }

    var time: TimeSource { clock.time }

    func certificateManager(_ certificates: AdmissionConfiguration.Certificates? = nil) -> CertificateManager {
        let transport = InMemoryTransport(api: environment.api, clock: clock, userAgent: "certificateManager")
        return CertificateManager(
            AdmissionConfiguration(
                listen: ListenAddress(host: "127.0.0.1", port: 0), service: Self.service,
                certificates: certificates ?? .own(secret: Self.service, configuration: "generalscaler")),
            client: KubernetesClient(
                configuration: ClusterConfiguration(server: "http://simulated"), http: transport, time: time,
                random: { 0.5 }, logger: .silent),
            time: time, metrics: metrics, logger: .silent)
    }

    /// The counters on the metrics page.
    var page: String {
        var text = MetricsText(.prometheus)
        metrics.write(into: &text)
        return text.text
    }

    /// The authorities that the API server trusts.
    var bundle: [UInt8] {
        get throws {
            let webhook = try environment.api.get(Self.configurationPath)["webhooks"]?.arrayValue?.first
            let encoded = webhook?["clientConfig"]?["caBundle"]?.stringValue ?? ""
            return Array(Data(base64Encoded: encoded) ?? Data())
        }
    }

    /// Runs the webhook with that manager's certificates during the body.
    func serve(
        _ certificateManager: CertificateManager, times: ReviewTimes = ReviewTimes(),
        hasRight: @escaping @Sendable (AuthorRight, JSON) -> Bool? = { _, _ in nil },
        _ body: (_ client: CurlHTTPClient, _ port: Int) async throws -> Void
    ) async throws {
        let (ports, port) = AsyncStream<Int>.makeStream()
        let validator = AdmissionValidator(
            source: environment.source, scalers: { [] }, hasRight: { hasRight($0, $1) },
            otherAutoscaler: { _, _ in nil },
            time: time)
        let server = AdmissionServer(
            address: ListenAddress(host: "127.0.0.1", port: 0), certificates: certificateManager, validator: validator,
            time: time,
            metrics: metrics, logger: .silent, times: times, onBound: { port.yield($0) })
        let services = ServiceGroup(services: [server], logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            let bound = try #require(await ports.first { _ in true })
            let client = CurlHTTPClient(configuration: .init(proxies: .none))
            let result: Result<Void, any Error>
            do { result = .success(try await body(client, bound)) } catch { result = .failure(error) }
            await client.shutdown()
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
            try result.get()
        }
    }

    /// The path of reviews in the API server's configuration.
    var path: String {
        get throws {
            let webhook = try environment.api.get(Self.configurationPath)["webhooks"]?.arrayValue?.first
            return webhook?["clientConfig"]?["service"]?["path"]?.stringValue ?? ""
        }
    }

    /// Sends a review like the API server.
    func post(
        _ client: CurlHTTPClient, _ port: Int, _ body: [UInt8], believing bundle: [UInt8],
        name: String = "webhook.shop.svc", path: String? = nil
    ) async throws -> HTTPResponse {
        try await client.send(
            HTTPRequest(
                method: "POST", url: "https://127.0.0.1:\(port)\(try path ?? self.path)?timeout=10s",
                headers: [HTTPHeader("Content-Type", "application/json")], body: body,
                tls: TLSOptions(certificateAuthorities: bundle, serverName: name), timeout: .seconds(60)))
    }
}
