/// What the fields of the Kubernetes API's protobuf messages are: read from a table that a script makes of the API's
/// types.
enum ProtobufFields {
    indirect enum FieldType: Sendable, Hashable {
        case text, flag, number, real, bytes
        /// A time, of whole seconds or of microseconds.
        case time, microTime
        case quantity, intOrString
        /// JSON text in a message.
        case json
        case message(String)
        /// The elements stand in the outer message one by one.
        case list(FieldType)
        case map(FieldType)
        /// A message that is nothing but a list.
        case listMessage(FieldType)
    }

    struct Field: Sendable {
        /// Nil if the members of the field are those of the outer message.
        let name: String?
        let type: FieldType
        /// Whether the field, if it is there, counts also with a value of zero.
        let isPointer: Bool
    }

    /// Fields by number, by message: `apps/v1.Deployment`.
    static let messages: [String: [UInt64: Field]] = {
        var messages: [String: [UInt64: Field]] = [:]
        for line in String(decoding: PackageResources.protobuf_fields_txt, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard line.first != "#", let message = words.first else { continue }
            messages[String(message)] = Dictionary(
                uniqueKeysWithValues: words.dropFirst().map { word in
                    let parts = word.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
                    return (UInt64(parts[0])!, Field(name: parts[1], type: parts[2]))
                })
        }
        return messages
    }()

    /// Returns the message that an object of the kind is sent as; nil if the table has none.
    static func message(apiVersion: String, kind: String) -> String? {
        // Clients send these in the version of what they delete.
        if kind == "DeleteOptions" { return "meta/v1.DeleteOptions" }
        let parts = apiVersion.split(separator: "/")
        let group = parts.count == 2 ? String(parts[0].prefix { $0 != "." }) : "core"
        let name = "\(group)/\(parts.last ?? "").\(kind)"
        return messages[name] == nil ? nil : name
    }
}

extension ProtobufFields.Field {
    fileprivate init(name: Substring, type: Substring) {
        self.name = name.isEmpty ? nil : String(name)
        isPointer = type.hasSuffix("?")
        self.type = ProtobufFields.FieldType(isPointer ? type.dropLast() : type)
    }
}

extension ProtobufFields.FieldType {
    fileprivate init(_ text: Substring) {
        for (suffix, wrap) in [("[]", Self.list), ("{}", Self.map), ("()", Self.listMessage)]
        where text.hasSuffix(suffix) {
            self = wrap(Self(text.dropLast(2)))
            return
        }
        self =
            switch text {
            case "string": .text
            case "bool": .flag
            case "int": .number
            case "double": .real
            case "bytes": .bytes
            case "time": .time
            case "microtime": .microTime
            case "quantity": .quantity
            case "intorstring": .intOrString
            case "json": .json
            default: .message(String(text))
            }
    }
}
