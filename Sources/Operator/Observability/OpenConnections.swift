package import Hummingbird
import HummingbirdCore
package import Logging
package import NIOCore
import Synchronization

/// The limits of a server's connections.
package struct ConnectionLimits: Sendable {
    /// Open at one time. A further connection displaces the longest idle one or, if all are busy, the longest busy one.
    var connections: Int
    /// Large responses in progress at one time. A further one displaces the oldest.
    var largeResponses: Int
    /// From the opening of a connection, or the end of its last response, to the end of the next request's headers.
    var idleTime: TimeAmount
    /// From the end of a request's headers until the client has received the complete response.
    var exchangeTime: TimeAmount
    /// Bytes of a request's headers.
    var headerBytes: Int

    package init(
        connections: Int, largeResponses: Int, idleTime: TimeAmount, exchangeTime: TimeAmount, headerBytes: Int
    ) {
        self.connections = connections
        self.largeResponses = largeResponses
        self.idleTime = idleTime
        self.exchangeTime = exchangeTime
        self.headerBytes = headerBytes
    }
}

/// A request context with the request's connection.
struct ConnectionContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}

/// The open connections of a server. The server never stops accepting: connections of clients that are idle, or do not
/// read their response, are displaced.
package final class OpenConnections: Sendable {
    private struct Connection {
        let channel: any Channel
        var isBusy = false
        var isLarge = false
    }

    let limits: ConnectionLimits
    /// The connections, in the order of their last change.
    private let connections = Mutex<[Connection]>([])

    package init(_ limits: ConnectionLimits) {
        self.limits = limits
    }

    var count: Int { connections.withLock(\.count) }

    func opened(_ channel: any Channel) {
        let victim: (any Channel)? = connections.withLock { connections in
            defer { connections.append(Connection(channel: channel)) }
            guard connections.count >= limits.connections else { return nil }
            return connections.remove(at: connections.firstIndex { !$0.isBusy } ?? 0).channel
        }
        victim?.close(promise: nil)
    }

    func requestBegan(on channel: any Channel, isLarge: Bool) {
        let victim: (any Channel)? = connections.withLock { connections in
            guard let index = connections.firstIndex(where: { $0.channel === channel }) else { return nil }
            connections.remove(at: index)
            defer { connections.append(Connection(channel: channel, isBusy: true, isLarge: isLarge)) }
            guard isLarge, connections.count(where: \.isLarge) >= limits.largeResponses else { return nil }
            return connections.firstIndex(where: \.isLarge).map { connections.remove(at: $0).channel }
        }
        victim?.close(promise: nil)
    }

    func becameIdle(_ channel: any Channel) {
        connections.withLock { connections in
            guard let index = connections.firstIndex(where: { $0.channel === channel }) else { return }
            connections.remove(at: index)
            connections.append(Connection(channel: channel))
        }
    }

    func closed(_ channel: any Channel) {
        connections.withLock { $0.removeAll { $0.channel === channel } }
    }

    /// Serves HTTP/1 until a graceful shutdown.
    ///
    /// - Parameters:
    ///   - option: the command-line option of the address, for the message if it cannot be used.
    ///   - isLarge: whether the response to a request is one of the ``ConnectionLimits/largeResponses``.
    ///   - onBound: called with the port once it is bound.
    package func serve<Responder: HTTPResponder>(
        _ responder: Responder, at address: ListenAddress, option: String, logger: Logger,
        isLarge: @escaping @Sendable (Request) -> Bool, onBound: @escaping @Sendable (Int) -> Void
    ) async throws where Responder.Context: InitializableFromSource<ApplicationRequestContextSource> {
        var logger = logger
        logger.logLevel = .warning
        let application = Application(
            responder: responder,
            server: server(isLarge: isLarge),
            configuration: .init(address: .hostname(address.host, port: address.port)),
            onServerRunning: { channel in onBound(channel.localAddress?.port ?? 0) },
            logger: logger
        )
        do {
            try await application.runService(gracefulShutdownSignals: [])
        } catch {
            throw ListenError(error, address, option: option) ?? error
        }
    }

    /// Returns an HTTP/1 server whose connections are tracked here.
    private func server(isLarge: @escaping @Sendable (Request) -> Bool) -> HTTPServerBuilder {
        HTTPServerBuilder { [self] responder in
            HTTP1Channel(
                responder: { (request, writer: consuming ResponseWriter, channel) in
                    ConnectionGuard.of(channel) { [isLarge = isLarge(request)] in $0.requestBegan(isLarge: isLarge) }
                    defer { ConnectionGuard.of(channel) { $0.responseWasWritten() } }
                    try await responder(request, writer, channel)
                },
                configuration: .init(
                    additionalChannelHandlers: [ConnectionGuard(self)],
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: limits.headerBytes, maxHeaderListSize: limits.headerBytes)))
        }
    }
}
