package import WireFormats

/// A request without its id and deadline: encoded once, wherever the caller runs, and made a line when it is sent.
package struct PluginRequest: Sendable, Hashable {
    package let method: ProtocolMethod
    /// `"method":…,"params":{…` without the params' closing brace.
    private let body: [UInt8]
    private let carriesDeadline: Bool

    /// - Parameter params: writes the params object but for its closing brace.
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
        PluginRequest(.getMetricValue, carriesDeadline: true) { writer in
            writer.beginObject()
            writer.key("type")
            writer.value(type)
            writer.key("config")
            writer.value(config)
            writer.key("targetType")
            writer.value(targetType.rawValue)
        }
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

    package static let shutdown = PluginRequest(.shutdown, [:])

    /// The whole line, newline included; ASCII only.
    ///
    /// - Parameter deadlineMs: milliseconds from now in which an answer is of use; written where the method has it.
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
