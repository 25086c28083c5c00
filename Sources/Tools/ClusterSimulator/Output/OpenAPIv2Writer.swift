import WireFormats

/// Encodes an OpenAPI v2 document as the protobuf message that kubectl reads.
///
/// Source of the field numbers: gnostic's openapi_v2, `Document` and below.
enum OpenAPIv2Writer {
    static func bytes(_ document: JSON) -> [UInt8] {
        ProtobufWriter { writer in
            writer.add(1, document.string("swagger") ?? "")
            writer.add(2) { info in
                info.add(1, document.string("info", "title") ?? "")
                info.add(2, document.string("info", "version") ?? "")
            }
            writer.add(8) { paths in
                for (path, item) in sorted(document["paths"]) {
                    paths.add(2) { named in
                        named.add(1, path)
                        named.add(2) { $0.add(8) { operation(item["patch"] ?? [:], &$0) } }
                    }
                }
            }
            writer.add(9) { schemas(document["definitions"], 1, &$0) }
        }.bytes
    }

    private static func operation(_ operation: JSON, _ writer: inout ProtobufWriter) {
        for parameter in operation["parameters"]?.arrayValue ?? [] {
            // ParametersItem, Parameter, NonBodyParameter, QueryParameterSubSchema.
            writer.add(8) { item in
                item.add(1) { parameterItem in
                    parameterItem.add(2) { nonBody in
                        nonBody.add(3) { query in
                            query.add(2, parameter.string("in") ?? "")
                            query.add(4, parameter.string("name") ?? "")
                            query.add(6, parameter.string("type") ?? "")
                            query.add(20, 1 as UInt64)
                        }
                    }
                }
            }
        }
        writer.add(9) { responses in
            for (code, response) in sorted(operation["responses"]) {
                responses.add(1) { named in
                    named.add(1, code)
                    named.add(2) { $0.add(1) { $0.add(1, response.string("description") ?? "") } }
                }
            }
        }
        extensions(operation, 13, &writer)
    }

    private static func schemas(_ members: JSON?, _ field: UInt64, _ writer: inout ProtobufWriter) {
        for (name, member) in sorted(members) {
            writer.add(field) { named in
                named.add(1, name)
                named.add(2) { schema(member, &$0) }
            }
        }
    }

    private static func schema(_ schema: JSON, _ writer: inout ProtobufWriter) {
        for (field, name) in [(2, "format"), (4, "description"), (13, "pattern")] as [(UInt64, String)] {
            if let text = schema.string(name) { writer.add(field, text) }
        }
        for (field, name) in [(7, "maximum"), (9, "minimum")] as [(UInt64, String)] {
            if let number = schema[name]?.doubleValue { writer.add(field, number) }
        }
        for (field, name) in [(11, "maxLength"), (12, "minLength"), (14, "maxItems"), (15, "minItems")]
            as [(UInt64, String)]
        {
            if let number = schema.int(name), number >= 0 { writer.add(field, UInt64(number)) }
        }
        if schema["uniqueItems"] == true { writer.add(16, 1 as UInt64) }
        if let value = schema["default"] { writer.add(5) { $0.add(2, value.encoded()) } }
        for name in schema["required"]?.arrayValue ?? [] { writer.add(19, name.stringValue ?? "") }
        for value in schema["enum"]?.arrayValue ?? [] { writer.add(20) { $0.add(2, value.encoded()) } }
        if let additional = schema["additionalProperties"] {
            writer.add(21) { item in
                if let flag = additional.boolValue {
                    item.add(2, flag ? 1 : 0 as UInt64)
                } else {
                    item.add(1) { self.schema(additional, &$0) }
                }
            }
        }
        if let type = schema.string("type") { writer.add(22) { $0.add(1, type) } }
        if let items = schema["items"] { writer.add(23) { $0.add(1) { self.schema(items, &$0) } } }
        if schema["properties"] != nil { writer.add(25) { schemas(schema["properties"], 1, &$0) } }
        extensions(schema, 31, &writer)
    }

    /// Writes extensions, which are YAML text and here JSON.
    private static func extensions(_ object: JSON, _ field: UInt64, _ writer: inout ProtobufWriter) {
        for (name, value) in sorted(object) where name.hasPrefix("x-") {
            writer.add(field) { named in
                named.add(1, name)
                named.add(2) { $0.add(2, value.encoded()) }
            }
        }
    }

    private static func sorted(_ object: JSON?) -> [(key: String, value: JSON)] {
        (object?.objectValue ?? [:]).sorted { $0.key < $1.key }
    }
}
