import NIOCore
import NIOSSL
import NIOTLS
import PluginSDK

/// Refuses a server whose certificate is not for its name, before anything is sent or read.
final class ServerNameHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private let name: ServerName
    private let refusal: PluginError
    private var isRefused = false

    /// - Parameter refusal: the reason why requests fail.
    init(_ name: ServerName, refusal: PluginError) {
        self.name = name
        self.refusal = refusal
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent {
            let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate()
            guard let certificate, name.isHeld(by: certificate) else {
                isRefused = true
                context.fireErrorCaught(refusal)
                return context.close(promise: nil)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !isRefused { context.fireChannelRead(data) }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if isRefused { promise?.fail(refusal) } else { context.write(data, promise: promise) }
    }
}
