import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import Synchronization

/// A client that opens connections and sends arbitrary data, or nothing.
final class HostileConnection: Sendable {
    private let channel: any Channel
    private let received = Mutex<[UInt8]>([])
    private let news: AsyncStream<Void>
    private let newsInput: AsyncStream<Void>.Continuation

    /// Connects and, for TLS, waits for the end of the handshake.
    static func open(_ port: Int, tls: Bool, group: any EventLoopGroup) async throws -> HostileConnection {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        let context = try NIOSSLContext(configuration: configuration)
        let (news, input) = AsyncStream<Void>.makeStream()
        let handshake = group.any().makePromise(of: Void.self)
        let collector = Mutex<Collector?>(nil)
        let channel = try await ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if tls {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: context, serverHostname: nil))
                    } else {
                        handshake.succeed()
                    }
                    let handler = Collector(handshake: handshake, news: input)
                    try channel.pipeline.syncOperations.addHandler(handler)
                    collector.withLock { $0 = handler }
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        let connection = HostileConnection(channel, news, input)
        collector.withLock { $0 }?.deliver(to: connection)
        try await handshake.futureResult.get()
        return connection
    }

    private init(_ channel: any Channel, _ news: AsyncStream<Void>, _ input: AsyncStream<Void>.Continuation) {
        self.channel = channel
        self.news = news
        newsInput = input
    }

    func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)) }

    /// Returns the received data once it contains the text; nil if the server closes the connection before.
    func answer(containing text: String) async -> String? {
        while true {
            let answer = received.withLock { String(decoding: $0, as: UTF8.self) }
            if answer.contains(text) { return answer }
            var iterator = news.makeAsyncIterator()
            if await iterator.next() == nil { return nil }
        }
    }

    /// Waits until the server has closed the connection.
    func closed() async { try? await channel.closeFuture.get() }

    func close() async { try? await channel.close() }

    fileprivate func take(_ bytes: [UInt8]) {
        received.withLock { $0 += bytes }
        newsInput.yield()
    }

    /// Unchecked: used only on the channel's event loop, except for the lock.
    private final class Collector: ChannelInboundHandler, @unchecked Sendable {
        typealias InboundIn = ByteBuffer

        private let handshake: EventLoopPromise<Void>
        private let news: AsyncStream<Void>.Continuation
        private let state = Mutex<(connection: HostileConnection?, early: [UInt8])>((nil, []))

        init(handshake: EventLoopPromise<Void>, news: AsyncStream<Void>.Continuation) {
            self.handshake = handshake
            self.news = news
        }

        func deliver(to connection: HostileConnection) {
            let early = state.withLock { state in
                state.connection = connection
                return state.early
            }
            connection.take(early)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = Array(unwrapInboundIn(data).readableBytesView)
            let connection = state.withLock { state in
                if state.connection == nil { state.early += bytes }
                return state.connection
            }
            connection?.take(bytes)
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .some(.handshakeCompleted) = event as? TLSUserEvent { handshake.succeed() }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            handshake.fail(error)
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            handshake.fail(ChannelError.eof)
            news.finish()
        }
    }
}
