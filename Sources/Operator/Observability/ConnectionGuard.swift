import NIOCore

/// Closes its connection if the client takes too long to send a request or to receive the response, and reports the
/// connection's state to ``OpenConnections``. Used on the connection's event loop.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny
    typealias OutboundIn = NIOAny

    private let connections: OpenConnections
    /// Nil before and after the handler's time in the pipeline.
    private var context: ChannelHandlerContext?
    private var deadline: Scheduled<Void>?
    private var isResponding = false
    /// Parts of responses that the kernel has not accepted yet.
    private var unsentParts = 0

    init(_ connections: OpenConnections) {
        self.connections = connections
    }

    /// Calls the body asynchronously on the connection's event loop with the connection's guard.
    static func of(_ channel: any Channel, _ body: @escaping @Sendable (ConnectionGuard) -> Void) {
        channel.eventLoop.execute {
            // A closed connection no longer has a guard.
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
