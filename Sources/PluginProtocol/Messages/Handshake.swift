public import WireFormats

/// The declaration of a metric type by its plugin.
public struct MetricTypeDescription: Sendable, Hashable {
    /// The `type` that a GeneralScaler's metric names, such as `prometheus`.
    public var type: String
    public var description: String
    /// JSON Schema 2020-12 of the config object. A secret field carries `"x-secret": true`.
    public var configSchema: JSON
    public var defaultTargetType: TargetType
    /// The maximum age of a reading in milliseconds, for a slow source.
    public var maxAgeMs: Int?

    public init(
        type: String, description: String, configSchema: JSON, defaultTargetType: TargetType, maxAgeMs: Int? = nil
    ) {
        self.type = type
        self.description = description
        self.configSchema = configSchema
        self.defaultTargetType = defaultTargetType
        self.maxAgeMs = maxAgeMs
    }
}

/// The optional capabilities of a plugin.
public struct PluginCapabilities: Sendable, Hashable {
    public var maxInFlight: Int
    public var cancel: Bool
    public var batch: Bool
    public var range: Bool
    public var subscribe: Bool
    /// The longest request line that the plugin accepts; at least ``ProtocolLimits/maxRequestBytes``.
    public var maxRequestBytes: Int

    public init(
        maxInFlight: Int = ProtocolLimits.defaultMaxInFlight,
        cancel: Bool = false,
        batch: Bool = false,
        range: Bool = false,
        subscribe: Bool = false,
        maxRequestBytes: Int = ProtocolLimits.maxRequestBytes
    ) {
        self.maxInFlight = maxInFlight
        self.cancel = cancel
        self.batch = batch
        self.range = range
        self.subscribe = subscribe
        self.maxRequestBytes = maxRequestBytes
    }
}

/// `initialize`, host to plugin.
package struct InitializeParams: Sendable, Hashable {
    package var protocolVersions: [Int]
    package var hostName: String
    package var hostVersion: String
    package var maxRequestBytes: Int
    package var maxResponseBytes: Int

    package init(
        protocolVersions: [Int] = ProtocolLimits.versions,
        hostName: String,
        hostVersion: String,
        maxRequestBytes: Int = ProtocolLimits.maxRequestBytes,
        maxResponseBytes: Int = ProtocolLimits.maxResponseBytes
    ) {
        self.protocolVersions = protocolVersions
        self.hostName = hostName
        self.hostVersion = hostVersion
        self.maxRequestBytes = maxRequestBytes
        self.maxResponseBytes = maxResponseBytes
    }
}

/// The answer to `initialize`.
package struct InitializeResult: Sendable, Hashable {
    package var protocolVersion: Int
    package var pluginName: String
    package var pluginVersion: String
    package var metricTypes: [MetricTypeDescription]
    package var capabilities: PluginCapabilities

    package init(
        protocolVersion: Int,
        pluginName: String,
        pluginVersion: String,
        metricTypes: [MetricTypeDescription],
        capabilities: PluginCapabilities
    ) {
        self.protocolVersion = protocolVersion
        self.pluginName = pluginName
        self.pluginVersion = pluginVersion
        self.metricTypes = metricTypes
        self.capabilities = capabilities
    }
}

extension InitializeParams {
    package init(_ reader: JSONReader) throws(JSONPathError) {
        var versions: [Int] = []
        for element in try reader.required("protocolVersions").elements() {
            versions.append(try element.int(in: 1...Int(Int32.max)))
        }
        let host = try reader.required("host")
        let limits = try reader.required("limits")
        self.init(
            protocolVersions: versions,
            hostName: try host.required("name").string(),
            hostVersion: try host.required("version").string(),
            maxRequestBytes: try limits.required("maxRequestBytes").int(in: 1...Int(Int32.max)),
            maxResponseBytes: try limits.required("maxResponseBytes").int(in: 1...Int(Int32.max))
        )
    }

    package var json: JSON {
        [
            "protocolVersions": .array(protocolVersions.map { .integer(Int64($0)) }),
            "host": ["name": .string(hostName), "version": .string(hostVersion)],
            "limits": [
                "maxRequestBytes": .integer(Int64(maxRequestBytes)),
                "maxResponseBytes": .integer(Int64(maxResponseBytes)),
            ],
        ]
    }
}

extension InitializeResult {
    package init(_ reader: JSONReader) throws(JSONPathError) {
        let plugin = try reader.required("plugin")
        let types = try reader.required("metricTypes")
        var metricTypes: [MetricTypeDescription] = []
        for element in try types.elements() { metricTypes.append(try MetricTypeDescription(element)) }
        guard !metricTypes.isEmpty else { throw types.error("must name at least one metric type") }
        self.init(
            protocolVersion: try reader.required("protocolVersion").int(in: 1...Int(Int32.max)),
            pluginName: try plugin.required("name").nonEmptyString().cleaned
                .shortened(to: ProtocolLimits.maxNameBytes),
            pluginVersion: try plugin.required("version").string().cleaned
                .shortened(to: ProtocolLimits.maxNameBytes),
            metricTypes: metricTypes,
            capabilities: try reader.optional("capabilities").map(PluginCapabilities.init) ?? PluginCapabilities()
        )
    }

    package var json: JSON {
        [
            "protocolVersion": .integer(Int64(protocolVersion)),
            "plugin": ["name": .string(pluginName), "version": .string(pluginVersion)],
            "metricTypes": .array(metricTypes.map(\.json)),
            "capabilities": capabilities.json,
        ]
    }
}

extension MetricTypeDescription {
    package init(_ reader: JSONReader) throws(JSONPathError) {
        let schema = try reader.required("configSchema")
        let type = try reader.required("type")
        let name = try type.nonEmptyString()
        guard name.isClean, name.utf8.count <= ProtocolLimits.maxNameBytes else {
            throw type.error("must be at most \(ProtocolLimits.maxNameBytes) bytes without control characters")
        }
        _ = try FilledFields(schema)
        self.init(
            type: name,
            description: try reader.required("description").string().cleaned,
            configSchema: .object(try schema.object()),
            defaultTargetType: try reader.required("defaultTargetType").oneOf(TargetType.self),
            maxAgeMs: try reader.optional("maxAgeMs")?.int(in: 1...Int(Int32.max))
        )
    }

    package var json: JSON {
        var members: [String: JSON] = [
            "type": .string(type), "description": .string(description), "configSchema": configSchema,
            "defaultTargetType": .string(defaultTargetType.rawValue),
        ]
        if let maxAgeMs { members["maxAgeMs"] = .integer(Int64(maxAgeMs)) }
        return .object(members)
    }
}

extension PluginCapabilities {
    package init(_ reader: JSONReader) throws(JSONPathError) {
        self.init(
            maxInFlight: try reader.optional("maxInFlight")?.int(in: 1...Int(Int32.max))
                ?? ProtocolLimits.defaultMaxInFlight,
            cancel: try reader.optional("cancel")?.bool() ?? false,
            batch: try reader.optional("batch")?.bool() ?? false,
            range: try reader.optional("range")?.bool() ?? false,
            subscribe: try reader.optional("subscribe")?.bool() ?? false,
            maxRequestBytes: try reader.optional("maxRequestBytes")?
                .int(in: ProtocolLimits.maxRequestBytes...Int(Int32.max)) ?? ProtocolLimits.maxRequestBytes
        )
    }

    package var json: JSON {
        [
            "maxInFlight": .integer(Int64(maxInFlight)), "cancel": .bool(cancel), "batch": .bool(batch),
            "range": .bool(range), "subscribe": .bool(subscribe), "maxRequestBytes": .integer(Int64(maxRequestBytes)),
        ]
    }
}
