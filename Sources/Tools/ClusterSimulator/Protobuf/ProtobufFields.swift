/// The fields of the Kubernetes API's protobuf messages, from a table that a script generates from the API's types.
enum ProtobufFields {
    indirect enum FieldType: Sendable, Hashable {
        case text, flag, number, real, bytes
        /// A time in seconds or microseconds.
        case time, microTime
        case quantity, intOrString
        /// JSON text in a message.
        case json
        case message(String)
        /// The elements are fields of the outer message.
        case list(FieldType)
        case map(FieldType)
        /// A message that contains only a list.
        case listMessage(FieldType)
    }

    struct Field: Sendable {
        /// The name; nil if the field's members belong to the outer message.
        let name: String?
        let type: FieldType
        /// Whether a zero value is significant if the field is present.
        let isPointer: Bool
    }

    /// The fields by message, such as `apps/v1.Deployment`, and number.
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

    /// Returns the message of a kind; nil if the table has none.
    static func message(apiVersion: String, kind: String) -> String? {
        // Clients send these in the version of the deleted object.
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
