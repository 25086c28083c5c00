import Glibc
import NIOCore
import NIOHTTP2
import NIOSSL
import PluginSDK
import SourceSupport

/// What a new connection gets beside what gRPC gives it.
enum ConnectionSetup {
    /// - Parameter onStreamLimit: called with how many streams the server allows, on the connection's event loop.
    static func setUp(
        _ channel: any Channel, to endpoint: ScalerEndpoint, onStreamLimit: @escaping @Sendable (Int) -> Void
    ) -> EventLoopFuture<Void> {
        // A server that vanished is noticed without pings of HTTP/2, which many servers forbid.
        let options: [(ChannelOptions.Types.SocketOption, Int)] = [
            (ChannelOptions.socketOption(.so_keepalive), 1),
            (tcp(TCP_KEEPIDLE), seconds(KedaLimits.silence)),
            (tcp(TCP_KEEPINTVL), seconds(KedaLimits.probePause)),
            (tcp(TCP_KEEPCNT), KedaLimits.maxLostProbes),
            (tcp(TCP_USER_TIMEOUT), seconds(KedaLimits.unconfirmedTime) * 1_000),
        ]
        let set = options.map { channel.setOption($0, value: $1) }
        return EventLoopFuture.andAllSucceed(set, on: channel.eventLoop).flatMapThrowing {
            let pipeline = channel.pipeline.syncOperations
            if let name = endpoint.verifiedName {
                let tls = try pipeline.handler(type: NIOSSLClientHandler.self)
                try pipeline.addHandler(
                    ServerNameHandler(ServerName(name), refusal: refusal(endpoint.place, name)), position: .after(tls))
            }
            let http2 = try pipeline.context(handlerType: NIOHTTP2Handler.self).handler
            try pipeline.addHandler(
                StreamLimitHandler(onStreamLimit: onStreamLimit), position: .after(http2))
        }
    }

    private static func refusal(_ place: HostPort, _ name: String) -> PluginError {
        PluginError(
            .sourceUnreachable,
            "no trusted TLS connection to \(place): its certificate is not for the name \(name). Correct address or "
                + "tls.serverName, or give the external scaler a certificate for its name", path: "tls")
    }

    private static func tcp(_ option: CInt) -> ChannelOptions.Types.SocketOption {
        ChannelOptions.tcpOption(NIOBSDSocket.Option(rawValue: option))
    }

    private static func seconds(_ duration: Duration) -> Int { Int(duration.components.seconds) }
}

/// Reads from the server's settings how many streams it allows.
private final class StreamLimitHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias InboundOut = HTTP2Frame

    private let onStreamLimit: @Sendable (Int) -> Void

    init(onStreamLimit: @escaping @Sendable (Int) -> Void) {
        self.onStreamLimit = onStreamLimit
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .settings(.settings(let settings)) = unwrapInboundIn(data).payload,
            let limit = settings.last(where: { $0.parameter == .maxConcurrentStreams })
        {
            onStreamLimit(limit.value)
        }
        context.fireChannelRead(data)
    }
}
