import NIOCore

/// Closes its connection when the client takes too long, to send a request or to take the response, and tells the
/// ``OpenConnections`` how the connection fares. Belongs to the connection's event loop.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny
    typealias OutboundIn = NIOAny

    private let connections: OpenConnections
    /// Nil before and after its time in the pipeline.
    private var context: ChannelHandlerContext?
    private var deadline: Scheduled<Void>?
    private var isResponding = false
    /// Parts of responses that are not with the kernel yet.
    private var unsentParts = 0

    init(_ connections: OpenConnections) {
        self.connections = connections
    }

    /// Calls the body with the guard of a connection, soon and on its event loop.
    static func of(_ channel: any Channel, _ body: @escaping @Sendable (ConnectionGuard) -> Void) {
        channel.eventLoop.execute {
            // One that is closed has none any more.
            guard let guardian = try? channel.pipeline.syncOperations.handler(type: ConnectionGuard.self) else {
                return
            }
            body(guardian)
        }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        connections.opened(context.channel)
        wait(connections.limits.idleTime)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        connections.closed(context.channel)
        self.context = nil
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        unsentParts += 1
        let sent = promise ?? context.eventLoop.makePromise()
        sent.futureResult.assumeIsolated().whenComplete { _ in
            self.unsentParts -= 1
            self.endExchange()
        }
        context.write(data, promise: sent)
    }

    func requestBegan(isLarge: Bool) {
        guard let context else { return }
        isResponding = true
        connections.requestBegan(on: context.channel, isLarge: isLarge)
        wait(connections.limits.exchangeTime)
    }

    /// Records that all parts of the response were written; the client may not have received them yet.
    func responseWasWritten() {
        isResponding = false
        endExchange()
    }

    private func endExchange() {
        guard !isResponding, unsentParts == 0, let context else { return }
        connections.becameIdle(context.channel)
        wait(connections.limits.idleTime)
    }

    private func wait(_ time: TimeAmount) {
        deadline?.cancel()
        guard let context else { return }
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: time) { self.context?.close(promise: nil) }
    }
}
