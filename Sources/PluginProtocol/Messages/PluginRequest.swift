package import WireFormats

/// A request without its id and deadline, encoded once and completed when it is sent.
package struct PluginRequest: Sendable, Hashable {
    package let method: ProtocolMethod
    /// `"method":…,"params":{…` without the params' closing brace.
    private let body: [UInt8]
    private let carriesDeadline: Bool
    /// The offset in the body of the members that differ within a batch; for reads of a value only.
    private var batchStart: Int?

    /// - Parameter params: writes the params object without its closing brace.
    private init(_ method: ProtocolMethod, carriesDeadline: Bool, params: (inout JSONWriter) -> Void) {
        var writer = JSONWriter(escapesNonASCII: true, reserving: 512)
        writer.key("method")
        writer.value(method.rawValue)
        writer.key("params")
        params(&writer)
        self.method = method
        self.carriesDeadline = carriesDeadline
        body = writer.bytes
    }

    /// - Parameter params: an object.
    private init(_ method: ProtocolMethod, _ params: JSON) {
        self.init(method, carriesDeadline: false) { writer in
            writer.beginObject()
            for (name, value) in (params.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
                writer.key(name)
                writer.value(value)
            }
        }
    }

    package static func initialize(_ params: InitializeParams) -> PluginRequest {
        PluginRequest(.initialize, params.json)
    }

    /// - Parameter config: a JSON object.
    package static func validateConfig(type: String, config: JSON) -> PluginRequest {
        PluginRequest(.validateConfig, ["type": .string(type), "config": config])
    }

    /// - Parameter config: a JSON object.
    package static func getMetricValue(type: String, config: JSON, targetType: TargetType) -> PluginRequest {
        var batchStart = 0
        var request = PluginRequest(.getMetricValue, carriesDeadline: true) { writer in
            writer.literal(#"{"type":"#, needsComma: false)
            writer.value(type)
            writer.literal(",", needsComma: false)
            batchStart = writer.bytes.count
            writer.literal(#""config":"#, needsComma: false)
            writer.value(config)
            writer.literal(#","targetType":"#, needsComma: false)
            writer.value(targetType.rawValue)
        }
        request.batchStart = batchStart
        return request
    }

    // MARK: Batches

    /// Whether the request can be part of a batch.
    package var isBatchable: Bool { batchStart != nil }

    /// Bytes that the request adds to a batch.
    package var bytesInBatch: Int { body.count - (batchStart ?? 0) + 3 }

    /// Returns whether both requests read values of the same metric type.
    package func fitsInBatch(with other: PluginRequest) -> Bool {
        guard let batchStart, batchStart == other.batchStart else { return false }
        return body[..<batchStart] == other.body[..<batchStart]
    }

    /// Returns one `get_metric_values` request in place of several `get_metric_value`.
    ///
    /// - Parameter requests: at least one; each has to fit with the first.
    package static func batch(_ requests: [PluginRequest]) -> PluginRequest {
        var body: [UInt8] = []
        body.reserveCapacity(requests.reduce(128) { $0 + $1.bytesInBatch })
        body.append(contentsOf: #""method":"get_metric_values","params":{"requests":["#.utf8)
        for (index, request) in requests.enumerated() {
            body.append(contentsOf: index == 0 ? "{".utf8 : ",{".utf8)
            body.append(contentsOf: request.body[(request.batchStart ?? 0)...])
            body.append(UInt8(ascii: "}"))
        }
        body.append(contentsOf: "],".utf8)
        if let first = requests.first, let start = first.batchStart {
            let prefix = #""method":"get_metric_value","params":{"#.utf8.count
            body.append(contentsOf: first.body[prefix..<(start - 1)])
        }
        return PluginRequest(method: .getMetricValues, body: body, carriesDeadline: true)
    }

    private init(method: ProtocolMethod, body: [UInt8], carriesDeadline: Bool) {
        self.method = method
        self.body = body
        self.carriesDeadline = carriesDeadline
    }

    /// - Parameter config: a JSON object.
    package static func getMetricRange(
        type: String, config: JSON, targetType: TargetType, window: RangeWindow
    ) -> PluginRequest {
        PluginRequest(.getMetricRange, carriesDeadline: true) { writer in
            writer.beginObject()
            writer.key("type")
            writer.value(type)
            writer.key("config")
            writer.value(config)
            writer.key("targetType")
            writer.value(targetType.rawValue)
            window.encode(into: &writer)
        }
    }

    /// - Parameter config: a JSON object.
    package static func subscribe(type: String, config: JSON, targetType: TargetType) -> PluginRequest {
        PluginRequest(.subscribe, carriesDeadline: true) { writer in
            writer.beginObject()
            writer.key("type")
            writer.value(type)
            writer.key("config")
            writer.value(config)
            writer.key("targetType")
            writer.value(targetType.rawValue)
        }
    }

    /// - Parameter subscription: the id of the request `subscribe`.
    package static func unsubscribe(_ subscription: Int64) -> PluginRequest {
        PluginRequest(.unsubscribe, UnsubscribeParams(subscription: subscription).json)
    }

    package static let shutdown = PluginRequest(.shutdown, [:])

    /// Returns the complete line, including the newline; ASCII only.
    ///
    /// - Parameter deadlineMs: the time in milliseconds after which an answer is no longer used; written if the method
    ///   has it.
    package func line(id: Int64, deadlineMs: Int) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(body.count + 80)
        line.append(contentsOf: #"{"jsonrpc":"2.0","id":"#.utf8)
        line.append(decimal: id)
        line.append(UInt8(ascii: ","))
        line.append(contentsOf: body)
        if carriesDeadline {
            line.append(contentsOf: #","deadlineMs":"#.utf8)
            line.append(decimal: Int64(deadlineMs))
        }
        line.append(contentsOf: "}}\n".utf8)
        return line
    }
}

extension [UInt8] {
    fileprivate mutating func append(decimal number: Int64) {
        var digits = number.magnitude
        if number < 0 { append(UInt8(ascii: "-")) }
        let start = count
        repeat {
            append(UInt8(ascii: "0") + UInt8(digits % 10))
            digits /= 10
        } while digits > 0
        self[start...].reverse()
    }
}
