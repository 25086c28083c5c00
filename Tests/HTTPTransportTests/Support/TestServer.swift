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

/// A real HTTP server in the test process, on a free loopback port.
enum TestServer {
    /// A request context with the request's connection.
    struct Context: RequestContext {
        var coreContext: CoreRequestContextStorage
        /// The client's port, which identifies the connection.
        let connection: Int

        init(source: ApplicationRequestContextSource) {
            coreContext = CoreRequestContextStorage(source: source)
            connection = source.channel.remoteAddress?.port ?? 0
        }
    }

    /// Runs the server while `body` runs with a new client.
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
        // Ended gracefully, because NIO traps if a server is cancelled just after accepting a connection.
        let services = ServiceGroup(services: [application], logger: application.logger)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { port.finish() }
                try await services.run()
            }
            guard let port = await ports.first(where: { _ in true }) else { throw DidNotStart() }
            // The client first, because servers wait for its connections to close.
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
    /// Returns TLS options with that certificate, for HTTP/1.1 only or with HTTP/2.
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
