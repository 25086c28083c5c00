import FoundationEssentials
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import ScalerAPI
import ServiceLifecycle
import SystemIO
import WireFormats

/// Serves reviews to the API server over TLS, on its own thread.
struct AdmissionServer: Service {
    let address: ListenAddress
    let certificates: CertificateManager
    let validator: AdmissionValidator
    let time: TimeSource
    let metrics: OperatorCounters
    let logger: Logger
    var times = ReviewTimes()
    /// Called with the port once it is bound.
    let onBound: @Sendable (Int) -> Void

    func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let result: Result<Void, any Error>
        do { result = .success(try await serve(on: group)) } catch { result = .failure(error) }
        try await group.shutdownGracefully()
        do {
            try result.get()
        } catch {
            throw ListenError(error, address, option: "--webhook-listen") ?? error
        }
    }

    private func serve(on group: MultiThreadedEventLoopGroup) async throws {
        // At most as many at a time as there are connections.
        let (reviews, input) = AsyncStream.makeStream(of: ReviewRegistry.OpenReview.self)
        let registry = ReviewRegistry(
            on: group.next(), certificates: certificates, times: times, time: time, metrics: metrics, reviews: input)
        let listener = try await bind(group, registry)
        onBound(listener.localAddress?.port ?? 0)
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { tasks in
                for await review in reviews { tasks.addTask { await answer(review) } }
            }
        } onCancelOrGracefulShutdown: {
            listener.close(promise: nil)
            registry.loop.execute { registry.close() }
        }
    }

    private func bind(_ group: MultiThreadedEventLoopGroup, _ registry: ReviewRegistry) async throws -> any Channel {
        let context = try NIOSSLContext(configuration: try tls())
        return try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: AdmissionLimits.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(
                .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: AdmissionLimits.readBytes)
            )
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    var limits = NIOHTTPDecoderLimitConfiguration()
                    limits.maxHeaderFieldSize = AdmissionLimits.headerBytes
                    limits.maxHeaderListSize = AdmissionLimits.headerBytes
                    limits.maxHeaderFieldCount = AdmissionLimits.headers
                    try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                        withPipeliningAssistance: false, withErrorHandling: false,
                        withOutboundHeaderValidation: false, withEncoderConfiguration: .init(),
                        withDecoderLimitConfiguration: limits)
                    try channel.pipeline.syncOperations.addHandler(ReviewHandler(registry))
                }
            }
            .bind(host: address.host, port: address.port).get()
    }

    private func answer(_ review: ReviewRegistry.OpenReview) async {
        let verdict = await validator.validate(review.request)
        metrics.countWebhook { $0.reviewed(verdict.counted, after: time.elapsed() - review.startedAt) }
        review.answer(ByteBuffer(bytes: review.request.answer(verdict).encoded()))
    }

    // MARK: TLS

    /// The certificate is looked up for each connection, so that a new one takes effect without a restart.
    private func tls() throws -> TLSConfiguration {
        // Never presented to a client: a server needs an initial certificate.
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
