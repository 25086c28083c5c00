import PluginSDK

// The messages of KEDA's contract for external scalers: package `externalscaler`, service `ExternalScaler`.
//
// They are encoded here and not by generated code, because they are seven small messages: the library for generated code
// would be the largest dependency of this package, and the slowest to build. The tests compare the encoding with that of
// Google's library.

/// What a scaler is asked about: `ScaledObjectRef`.
struct ScaledObjectRef: Hashable, Sendable {
    var name: String
    var namespace: String
    var metadata: [String: String]

    init(name: String, namespace: String, metadata: [String: String]) {
        self.name = name
        self.namespace = namespace
        self.metadata = metadata
    }

    /// KEDA sends the address among the metadata, too.
    init(_ config: KedaConfig) {
        self.init(
            name: config.name, namespace: config.namespace,
            metadata: ["scalerAddress": config.address].merging(config.metadata) { $1 }
                .merging(config.secretMetadata.mapValues { $0.reveal() }) { $1 })
    }
}

/// `GetMetricsRequest`.
struct GetMetricsRequest: Hashable, Sendable {
    var scaledObject: ScaledObjectRef
    var metricName: String
}

/// `IsActiveResponse`, also as a message of the stream.
struct IsActiveResponse: Hashable, Sendable {
    var result = false
}

/// A metric and its target: `MetricSpec`.
struct MetricTarget: Hashable, Sendable {
    var name = ""
    /// What one replica can take. A scaler sets one of two fields; that of whole numbers counts if the other is 0.
    var target: Double { size.value }

    fileprivate var size = WholeOrFloat()
}

/// `GetMetricSpecResponse`.
struct GetMetricSpecResponse: Hashable, Sendable {
    var metrics: [MetricTarget] = []
}

/// `MetricValue`.
struct MetricValue: Hashable, Sendable {
    var name = ""
    var value: Double { number.value }

    fileprivate var number = WholeOrFloat()
}

/// `GetMetricsResponse`.
struct GetMetricsResponse: Hashable, Sendable {
    var values: [MetricValue] = []
}

/// A number that is in one of two fields.
private struct WholeOrFloat: Hashable, Sendable {
    var whole: Int64 = 0
    var float = 0.0

    var value: Double { float == 0 ? Double(whole) : float }
}

// MARK: Encoding

extension ScaledObjectRef: ProtobufEncodable {
    func encode(into writer: inout ProtobufWriter) {
        writer.write(name, field: 1)
        writer.write(namespace, field: 2)
        // In a fixed order, so that equal requests are equal bytes.
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            writer.writeMessage(field: 3) { entry in
                entry.write(key, field: 1)
                entry.write(value, field: 2)
            }
        }
    }
}

extension GetMetricsRequest: ProtobufEncodable {
    func encode(into writer: inout ProtobufWriter) {
        writer.writeMessage(field: 1) { scaledObject.encode(into: &$0) }
        writer.write(metricName, field: 2)
    }
}

// MARK: Decoding

extension IsActiveResponse: ProtobufDecodable {
    mutating func take(_ field: ProtobufField) throws(MalformedMessage) {
        if case (1, .varint(let value)) = (field.number, field.value) { result = value != 0 }
    }
}

extension MetricTarget: ProtobufDecodable {
    mutating func take(_ field: ProtobufField) throws(MalformedMessage) {
        switch (field.number, field.value) {
        case (1, .bytes(let bytes)): name = try ProtobufReader.text(bytes)
        case (2, .varint(let value)): size.whole = Int64(bitPattern: value)
        case (3, .fixed64(let bits)): size.float = Double(bitPattern: bits)
        default: break
        }
    }
}

extension GetMetricSpecResponse: ProtobufDecodable {
    mutating func take(_ field: ProtobufField) throws(MalformedMessage) {
        if case (1, .bytes(let bytes)) = (field.number, field.value) { metrics.append(try MetricTarget(bytes)) }
    }
}

extension MetricValue: ProtobufDecodable {
    mutating func take(_ field: ProtobufField) throws(MalformedMessage) {
        switch (field.number, field.value) {
        case (1, .bytes(let bytes)): name = try ProtobufReader.text(bytes)
        case (2, .varint(let value)): number.whole = Int64(bitPattern: value)
        case (3, .fixed64(let bits)): number.float = Double(bitPattern: bits)
        default: break
        }
    }
}

extension GetMetricsResponse: ProtobufDecodable {
    mutating func take(_ field: ProtobufField) throws(MalformedMessage) {
        if case (1, .bytes(let bytes)) = (field.number, field.value) { values.append(try MetricValue(bytes)) }
    }
}
