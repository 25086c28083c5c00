import FoundationEssentials
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle
import WireFormats

/// Serves `POST /validate` to the API server, over TLS.
struct AdmissionServer: Service {
    static let path = "validate"

    let address: ListenAddress
    let certificates: CertificateKeeper
    let judge: AdmissionJudge
    let time: OperatorTime
    let metrics: OperatorMetrics
    let logger: Logger
    /// Told the port once it is bound.
    let onBound: @Sendable (Int) -> Void

    private let bodies = Permits(AdmissionLimits.bodiesAtOnce)

    init(
        address: ListenAddress, certificates: CertificateKeeper, judge: AdmissionJudge, time: OperatorTime,
        metrics: OperatorMetrics, logger: Logger,
        onBound: @escaping @Sendable (Int) -> Void
    ) {
        self.address = address
        self.certificates = certificates
        self.judge = judge
        self.time = time
        self.metrics = metrics
        self.logger = logger
        self.onBound = onBound
    }

    func run() async throws {
        let router = Router()
        router.post("\(Self.path)") { request, _ in try await respond(to: request) }
        var logger = logger
        logger.logLevel = .warning
        let application = Application(
            router: router,
            server: try .tls(tlsConfiguration: try tls()),
            configuration: .init(
                address: .hostname(address.host, port: address.port), serverName: nil,
                availableConnectionsDelegate: MaximumAvailableConnections(AdmissionLimits.connections)),
            onServerRunning: { [onBound] channel in onBound(channel.localAddress?.port ?? 0) },
            logger: logger)
        do {
            try await application.runService(gracefulShutdownSignals: [])
        } catch {
            throw ListenError(error, address, option: "--webhook-listen") ?? error
        }
    }

    // MARK: Reviews

    private func respond(to request: Request) async throws -> Response {
        let start = time.elapsed()
        // Until there is a verdict: whatever ends it early is a failure.
        var counted = WebhookMetrics.Verdict.failed
        defer { metrics.countWebhook { $0.reviewed(counted, after: time.elapsed() - start) } }
        let review = try await withDeadline { try await read(request) }
        let verdict = await judge.judge(review)
        counted = verdict.counted
        return Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: review.answer(verdict).encoded())))
    }

    /// Reads a review, when it is its turn. Of the object only what is looked at stays in memory.
    private func read(_ request: Request) async throws -> AdmissionRequest {
        try await bodies.withPermit {
            let body: ByteBuffer
            do {
                body = try await request.body.collect(upTo: AdmissionLimits.bodyBytes)
            } catch {
                throw HTTPError(.contentTooLarge, message: "a review of more than \(AdmissionLimits.bodyBytes) bytes")
            }
            do {
                return try AdmissionRequest(try JSON(parsing: Array(buffer: body)))
            } catch {
                throw HTTPError(.badRequest, message: "this is no AdmissionReview: \(error)")
            }
        }
    }

    private func withDeadline<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await time.sleep(AdmissionLimits.reviewTime)
                throw HTTPError(.serviceUnavailable, message: "too many reviews at once")
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }

    // MARK: TLS

    /// The certificate is looked up for each connection, so that a new one needs no restart.
    private func tls() throws -> TLSConfiguration {
        // Never shown to anybody: it is there because a server has to have one to begin with.
        let placeholder = try ServingCertificate(forHosts: ["localhost"], at: .init(timeIntervalSince1970: 0))
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try placeholder.chain, privateKey: try placeholder.privateKey)
        configuration.minimumTLSVersion = .tlsv12
        configuration.sslContextCallback = { [certificates] _, promise in
            promise.completeWith(
                Result {
                    guard let certificate = certificates.current else { throw NoCertificate() }
                    var override = NIOSSLContextConfigurationOverride()
                    override.certificateChain = try certificate.chain
                    override.privateKey = try certificate.privateKey
                    return override
                })
        }
        return configuration
    }

    private struct NoCertificate: Error {}
}

extension ServingCertificate {
    fileprivate var chain: [NIOSSLCertificateSource] {
        get throws { try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)).map { .certificate($0) } }
    }

    fileprivate var privateKey: NIOSSLPrivateKeySource {
        get throws { .privateKey(try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)) }
    }
}
