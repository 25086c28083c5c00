import GRPCCore

/// Encodes messages for gRPC.
struct MessageEncoder<Message: ProtobufEncodable>: MessageSerializer {
    func serialize<Bytes: GRPCContiguousBytes>(_ message: Message) -> Bytes { Bytes(message.bytes) }
}

/// Decodes messages from gRPC. A malformed one is a result, because gRPC would make an error of it that does not differ from
/// one of the server.
struct MessageDecoder<Message: ProtobufDecodable>: MessageDeserializer {
    func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) -> Result<Message, MalformedMessage> {
        let copy = bytes.withUnsafeBytes { ArraySlice($0) }
        return Result { () throws(MalformedMessage) in try Message(copy) }
    }
}

/// The methods of the contract.
enum ScalerMethod: String, CaseIterable, Sendable {
    case isActive = "IsActive"
    case getMetricSpec = "GetMetricSpec"
    case getMetrics = "GetMetrics"
    case streamIsActive = "StreamIsActive"
    case streamMetricSpec = "StreamMetricSpec"

    static let service = "externalscaler.ExternalScaler"

    var descriptor: MethodDescriptor { MethodDescriptor(fullyQualifiedService: Self.service, method: rawValue) }
}
