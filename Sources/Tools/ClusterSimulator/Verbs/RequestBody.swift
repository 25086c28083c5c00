import WireFormats
import YAMLFormat

/// The body of a request, converted to JSON from any supported encoding.
///
/// Like the real server, accepts built-in kinds also as protobuf, which kubectl 1.32 and later and most Go programs
/// always send. Custom resources are only accepted as JSON or YAML.
struct RequestBody {
    /// The reason why a body is not an object, and whether another media type would help.
    enum Failure: Error {
        case unsupported(accepted: [String])
        case unreadable(String)
    }

    private static let textTypes = ["application/json", "application/yaml"]

    let json: JSON

    init(_ request: APIRequest) throws(Failure) {
        let type = request.headers["content-type"]?.split(separator: ";").first?.trimmingSpaces().lowercased()
        switch type {
        case nil, "application/json":
            do {
                json = try JSON(parsing: request.body)
            } catch {
                throw .unreadable("couldn't get version/kind; json parse error: \(error)")
            }
        case "application/yaml":
            do {
                json = try YAMLDocument.parse(TextDecoder.text(request.body))
            } catch {
                throw .unreadable("error converting YAML to JSON: the body \(error)")
            }
        case ProtobufObject.mediaType:
            do throws(ProtobufObject.Failure) {
                json = try ProtobufObject.json(request.body)
            } catch {
                throw .unreadable(error.message)
            }
        default: throw .unsupported(accepted: Self.textTypes + [ProtobufObject.mediaType])
        }
    }
}

extension APIRequest {
    var isProtobuf: Bool { headers["content-type"]?.lowercased().hasPrefix(ProtobufObject.mediaType) ?? false }
}
