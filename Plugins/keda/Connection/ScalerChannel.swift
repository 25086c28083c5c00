import GRPCCore
import GRPCNIOTransportHTTP2Posix
import NIOPosix
import PluginSDK
import SourceSupport

/// A channel to an external scaler: connects on demand, and again with a growing pause after a failure.
final class ScalerChannel: Sendable {
    private let client: GRPCClient<HTTP2ClientTransport.Posix>
    let place: HostPort
    /// The streams of this channel.
    let slots = StreamSlots()

    /// - Throws: `config_invalid` if the certificates are malformed.
    init(
        _ endpoint: ScalerEndpoint, eventLoops: MultiThreadedEventLoopGroup, lookups: WorkerThreads
    ) throws(PluginError) {
        place = endpoint.place
        var resolvers = NameResolverRegistry()
        resolvers.registerFactory(CheckedResolver(lookups: lookups))
        let (slots, authority) = (slots, endpoint.authority)
        let config = HTTP2ClientTransport.Posix.Config.defaults { config in
            config.http2.authority = authority
            config.http2.targetWindowSize = KedaLimits.maxUnreadBytes
            config.connection.maxIdleTime = KedaLimits.maxIdleTime
            config.backoff = .init(
                initial: KedaLimits.minBackoff, max: KedaLimits.maxBackoff, multiplier: 2,
                jitter: KedaLimits.backoffJitter)
            config.channelDebuggingCallbacks.onCreateTCPConnection = { channel in
                ConnectionSetup.setUp(channel, to: endpoint) { slots.limit(to: $0) }
            }
        }
        do {
            let transport = try HTTP2ClientTransport.Posix(
                target: CheckedTarget(place: endpoint.place, peers: endpoint.peers),
                transportSecurity: TransportSecurity.of(endpoint.tls), config: config, resolverRegistry: resolvers,
                eventLoopGroup: eventLoops)
            client = GRPCClient(transport: transport)
        } catch {
            // Without the reason, which may quote a part of the key.
            throw PluginError(
                .configInvalid, "the certificates or the key are malformed: correct tls.ca, tls.cert and tls.key",
                path: "tls")
        }
        let client = client
        // Ends with the channel. Nobody awaits it: every failure shows in a request.
        Task { try? await client.runConnections() }
    }

    /// Makes the channel close once its requests have been answered.
    func close() { client.beginGracefulShutdown() }

    deinit { close() }

    private static var options: CallOptions {
        var options = CallOptions.defaults
        options.maxResponseMessageBytes = KedaLimits.maxMessageBytes
        // Version 2.9.2 of the transport applies this one to responses.
        options.maxRequestMessageBytes = KedaLimits.maxMessageBytes
        return options
    }

    /// Makes a request and returns its answer.
    ///
    /// - Parameter deadline: sent to the server. The task has to be cancelled by then.
    func call<Request: ProtobufEncodable, Answer: ProtobufDecodable>(
        _ method: ScalerMethod, _ request: Request, until deadline: ContinuousClock.Instant
    ) async throws(PluginError) -> Answer {
        do {
            return try await client.unary(
                request: ClientRequest(message: request, metadata: Self.metadata(deadline)),
                descriptor: method.descriptor, serializer: MessageEncoder<Request>(),
                deserializer: MessageDecoder<Answer>(), options: Self.options
            ) { try $0.message }.get()
        } catch {
            throw Task.isCancelled && deadline <= .now
                ? ScalerFailure.overdue(method, place) : ScalerFailure(error, method, place).error
        }
    }

    /// Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests
    private static func metadata(_ deadline: ContinuousClock.Instant) -> Metadata {
        let milliseconds = max(0, Int64((deadline - .now) / .milliseconds(1)))
        return ["grpc-timeout": "\(min(milliseconds, maxTimeoutMilliseconds))m"]
    }

    /// A timeout has at most eight digits.
    private static let maxTimeoutMilliseconds: Int64 = 99_999_999

    /// Opens a stream and passes its messages on, until it ends or the task is cancelled.
    ///
    /// - Throws: why the stream ended, in any case.
    func watch<Message: ProtobufDecodable>(
        _ method: ScalerMethod, _ request: ScaledObjectRef, _ onMessage: @escaping @Sendable (Message) -> Void
    ) async throws(PluginError) -> Never {
        do {
            try await client.serverStreaming(
                request: ClientRequest(message: request), descriptor: method.descriptor,
                serializer: MessageEncoder<ScaledObjectRef>(), deserializer: MessageDecoder<Message>(),
                options: Self.options
            ) { response in
                for try await message in response.messages { onMessage(try message.get()) }
            }
        } catch {
            throw ScalerFailure(error, method, place).error
        }
        throw PluginError(.sourceUnreachable, "\(place) ended the stream \(method.rawValue)")
    }
}
