import WireFormats
import YAMLFormat

/// The origin of a body, which determines the error: the same fault has a different message in a patch.
enum BodyOrigin {
    case body
    case patch
}

extension ServerState {
    /// Reads the body of a create or update.
    func body(of call: Call) throws(StatusError) -> JSON {
        if call.type.isCustom, call.request.isProtobuf {
            throw .badRequest(
                """
                the object provided is unrecognized (must be of type \(call.type.kind)): object does not implement the \
                protobuf marshalling interface and cannot be decoded from a protobuf message
                """)
        }
        let object: JSON
        do throws(RequestBody.Failure) {
            object = try RequestBody(call.request).json
        } catch {
            switch error {
            case .unsupported(let accepted): throw .unsupportedMediaType(accepted: accepted)
            case .unreadable(let why):
                throw .badRequest("the object provided is unrecognized (must be of type \(call.type.kind)): \(why)")
            }
        }
        guard object.objectValue != nil else {
            throw .badRequest("the body of the request must be an object of type \(call.type.kind)")
        }
        return object
    }

    func yaml(_ bytes: [UInt8]) throws(StatusError) -> JSON {
        do {
            return try YAMLDocument.parse(String(decoding: bytes, as: UTF8.self))
        } catch {
            throw .badRequest("error converting YAML to JSON: the body \(error)")
        }
    }

    /// Checks that the object has the kind of the path.
    func checkType(_ object: inout JSON, _ call: Call) throws(StatusError) {
        let type = call.type
        if type.isCustom {
            guard let kind = object.string("kind"), let apiVersion = object.string("apiVersion") else {
                throw .badRequest(
                    "the object provided is unrecognized (must be of type \(type.kind)): Object 'Kind' is missing")
            }
            guard apiVersion == type.groupVersion else {
                throw .badRequest(
                    """
                    the API version in the data (\(apiVersion)) does not match the expected API version \
                    (\(type.groupVersion))
                    """)
            }
            guard kind == type.kind else {
                throw .invalid(
                    ErrorSubject(name: object.name, group: type.group, kind: kind),
                    [.invalid("kind", .string(kind), "must be \(type.kind)")])
            }
        } else {
            // A built-in kind may omit its type, which the path determines.
            guard object.string("kind") ?? type.kind == type.kind,
                object.string("apiVersion") ?? type.groupVersion == type.groupVersion
            else {
                throw .badRequest(
                    """
                    no kind "\(object.string("kind") ?? "")" is registered for version \
                    "\(object.string("apiVersion") ?? "")" where \(type.kind) of \(type.groupVersion) is expected
                    """)
            }
        }
        object = type.typed(object)
    }

    /// Decodes an object like the kind's decoder: drops unknown fields, checks types, sets defaults.
    func decode(_ object: JSON, _ call: inout Call, _ origin: BodyOrigin) throws(StatusError) -> JSON {
        let type = call.type
        var object = type.isCustom ? object : object.withoutNulls()
        if type.isCustom { object.set(object.metadata.withoutNulls(), at: "metadata") }
        try checkDecodes(object.metadata, S.metadataSchema, path: "metadata", call, origin)
        if !type.isCustom { try checkDecodes(object, type.schema, path: "", call, origin) }

        var unknown: [String] = []
        type.schema.prune(&object, path: "", unknown: &unknown)
        if !unknown.isEmpty, call.fieldValidation != .ignore {
            let messages = unknown.sorted().map { "unknown field \"\($0)\"" }
            if call.fieldValidation == .strict { throw strictRefusal(messages, call, origin) }
            for message in messages { call.warn(message) }
        }
        type.schema.applyDefaults(&object)
        return object
    }

    private func strictRefusal(_ messages: [String], _ call: Call, _ origin: BodyOrigin) -> StatusError {
        let text = "strict decoding error: \(messages.joined(separator: ", "))"
        switch origin {
        case .body:
            let type = call.type
            return .badRequest(
                "\(type.kind) in version \"\(type.version)\" cannot be handled as a \(type.kind): \(text)")
        case .patch: return .undecodablePatch(text)
        }
    }

    /// Refuses values of a wrong type, which fail to decode and have another error than invalid values.
    private func checkDecodes(
        _ value: JSON, _ schema: Schema, path: String, _ call: Call, _ origin: BodyOrigin
    ) throws(StatusError) {
        guard let first = SchemaValidator.decodingErrors(in: value, of: schema, path: path).first else { return }
        switch origin {
        case .body:
            throw .badRequest(
                """
                \(call.type.kind) in version "\(call.type.version)" cannot be handled as a \(call.type.kind): \
                \(first.field): \(first.message)
                """)
        case .patch: throw .undecodablePatch("\(first.field): \(first.message)")
        }
    }
}
