import HTTPTransport
import Hummingbird
import HummingbirdCore
import HummingbirdHTTP2
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle
import TestSupport

/// A real HTTP server inside the test process, on a free port of the loopback.
enum TestServer {
    /// Tells handlers which connection a request came over.
    struct Context: RequestContext {
        var coreContext: CoreRequestContextStorage
        /// The client's port: one per connection.
        let connection: Int

        init(source: ApplicationRequestContextSource) {
            coreContext = CoreRequestContextStorage(source: source)
            connection = source.channel.remoteAddress?.port ?? 0
        }
    }

    /// Runs the server while `body` runs with a client of its own.
    static func run<Answer: Sendable>(
        _ server: HTTPServerBuilder = .http1(),
        configuration: CurlHTTPClient.Configuration = .init(proxies: .none),
        routes: (Router<Context>) -> Void,
        _ body: (_ client: CurlHTTPClient, _ port: Int) async throws -> Answer
    ) async throws -> Answer {
        let router = Router(context: Context.self)
        routes(router)
        let (ports, port) = AsyncStream<Int>.makeStream()
        let application = Application(
            router: router,
            server: server,
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0), serverName: nil),
            onServerRunning: { channel in port.yield(channel.localAddress?.port ?? 0) },
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        // Ended gracefully: NIO traps where a server is cancelled with a connection just accepted.
        let services = ServiceGroup(services: [application], logger: application.logger)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { port.finish() }
                try await services.run()
            }
            guard let port = await ports.first(where: { _ in true }) else { throw DidNotStart() }
            // The client first: servers wait for its connections to close.
            let result: Result<Answer, any Error>
            do {
                result = .success(try await withClient(configuration) { try await body($0, port) })
            } catch {
                result = .failure(error)
            }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
            return try result.get()
        }
    }

    private struct DidNotStart: Error {}
}

extension HTTPServerBuilder {
    /// TLS with that certificate, over HTTP/1.1 alone or with HTTP/2 on offer.
    static func tls(
        _ identity: TestCertificates.Identity, http2: Bool = false, clientsSignedBy authority: [UInt8]? = nil
    ) throws -> HTTPServerBuilder {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(identity.certificate).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: identity.key, format: .pem)))
        if let authority {
            configuration.certificateVerification = .noHostnameVerification
            configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(authority))
        }
        return http2
            ? try .http2Upgrade(tlsConfiguration: configuration) : try .tls(tlsConfiguration: configuration)
    }
}
