package import WireFormats

/// A message that a plugin receives.
package enum HostMessage: Sendable, Hashable {
    case request(id: JSON, method: String, params: JSON)
    case notification(method: String, params: JSON)

    /// - Throws: the JSON-RPC error to answer with; `id` is null if it could not be read.
    package static func decode(_ line: some Sequence<UInt8>) throws(InvalidHostMessage) -> HostMessage {
        let json: JSON
        do throws(JSONSyntaxError) {
            json = try JSON(parsing: line, limits: JSONLimits(bytes: .max, nodes: ProtocolLimits.maxMessageValues))
        } catch {
            throw InvalidHostMessage(id: .null, error: PluginError(.parseError, "the line is not JSON: \(error)"))
        }
        let id = json["id"]
        guard json["jsonrpc"] == "2.0", let method = json["method"]?.stringValue else {
            throw InvalidHostMessage(
                id: id ?? .null, error: PluginError(.invalidRequest, "a request has jsonrpc \"2.0\" and a method"))
        }
        let params = json["params"] ?? .object([:])
        guard let id else { return .notification(method: method, params: params) }
        return .request(id: id, method: method, params: params)
    }
}

package struct InvalidHostMessage: Error, Sendable, Hashable {
    package let id: JSON
    package let error: PluginError
}

/// A message that a host receives.
package enum PluginMessage: Sendable, Hashable {
    case result(id: Int64, JSON)
    /// The result of `get_metric_value`, decoded without building a ``JSON``.
    case reading(id: Int64, MetricReading)
    case failure(id: Int64, PluginError)
    /// An error with a null id: the plugin could not read the id of the request.
    case unaddressedFailure(PluginError)
    case notification(method: String, params: JSON)

    /// Decodes one line without its newline.
    package static func decode(line: UnsafeRawBufferPointer) throws(InvalidPluginMessage) -> PluginMessage {
        if let answer = ReadingAnswer(line) { return .reading(id: answer.id, answer.reading) }
        let json: JSON
        do throws(JSONSyntaxError) {
            json = try JSON(parsing: line, limits: JSONLimits(bytes: .max, nodes: ProtocolLimits.maxMessageValues))
        } catch {
            let cause = LineCause.of(line, error).map { "; \($0)" } ?? ""
            throw InvalidPluginMessage(description: "it is not JSON: \(error)\(cause)")
        }
        do throws(JSONPathError) {
            return try decode(json)
        } catch {
            throw InvalidPluginMessage(description: "it is not a protocol message: \(error)", isJSON: true)
        }
    }

    package static func decode(_ json: JSON) throws(JSONPathError) -> PluginMessage {
        let reader = JSONReader(json)
        let version = try reader.required("jsonrpc")
        guard version.value == "2.0" else { throw version.error("must be \"2.0\"") }
        if let method = try reader.optional("method") {
            guard json["id"] == nil else { throw method.error("a plugin must not send requests: remove the id") }
            return .notification(method: try method.string(), params: json["params"] ?? .object([:]))
        }
        let error = try reader.optional("error")
        if let error, json["id"] == .null { return .unaddressedFailure(try PluginError(error)) }
        let idReader = try reader.required("id")
        guard idReader.value.intValue != nil else {
            throw idReader.error(
                "must be a whole number, equal to the id of the request, not \(idReader.value.shapeName)")
        }
        let id = Int64(try idReader.int(in: 0...Int.max))
        if let error { return .failure(id: id, try PluginError(error)) }
        guard let result = json["result"] else { throw reader.error("has neither result nor error") }
        return .result(id: id, result)
    }
}

/// The reason why a line from a plugin is not a message.
package struct InvalidPluginMessage: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
    /// The line is JSON, and no message.
    package var isJSON = false
}

/// Complete lines, including the newline.
package enum ProtocolLine {
    /// Returns a request; ASCII only. `params` writes exactly one value.
    package static func request(
        id: Int64, method: ProtocolMethod, params: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        line(escapesNonASCII: true) { writer in
            writer.key("id")
            writer.value(id)
            writer.key("method")
            writer.value(method.rawValue)
            writer.key("params")
            params(&writer)
        }
    }

    /// Returns a notification of either side; ASCII only.
    package static func notification(method: ProtocolMethod, params: JSON) -> [UInt8] {
        line(escapesNonASCII: true) { writer in
            writer.key("method")
            writer.value(method.rawValue)
            writer.key("params")
            writer.value(params)
        }
    }

    /// Returns a notification of a plugin. `params` writes exactly one value.
    package static func pluginNotification(
        method: ProtocolMethod, params: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        line(escapesNonASCII: false) { writer in
            writer.key("method")
            writer.value(method.rawValue)
            writer.key("params")
            params(&writer)
        }
    }

    package static func result(id: JSON, _ result: (inout JSONWriter) -> Void) -> [UInt8] {
        line(escapesNonASCII: false) { writer in
            writer.literal(#","id":"#, needsComma: false)
            writer.value(id)
            writer.literal(#","result":"#, needsComma: false)
            result(&writer)
        }
    }

    package static func failure(id: JSON, _ error: PluginError) -> [UInt8] {
        line(escapesNonASCII: false) { writer in
            writer.key("id")
            writer.value(id)
            writer.key("error")
            error.encode(into: &writer)
        }
    }

    private static func line(escapesNonASCII: Bool, _ members: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter(escapesNonASCII: escapesNonASCII)
        writer.literal(#"{"jsonrpc":"2.0""#, needsComma: true)
        members(&writer)
        writer.endObject()
        writer.newline()
        return writer.bytes
    }
}
