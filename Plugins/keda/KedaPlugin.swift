import PluginSDK
import SourceSupport

/// Reads an external scaler that was written for KEDA.
struct KedaPlugin: PushMetricPlugin {
    typealias Config = KedaConfig

    static let metricType = "keda-external"
    static let description = "A metric of an external scaler for KEDA, divided by the target that the scaler gives it."
    static let version = SourceVersion.current
    static let defaultTargetType = TargetType.averageValue
    static let maxInFlight = KedaLimits.maxInFlight

    private let pool = ChannelPool()
    private let files: any FileReader

    init() {
        self.init(files: SystemFileReader())
    }

    init(files: any FileReader) {
        self.files = files
    }

    var channelCount: Int { pool.count }

    func value(for request: MetricRequest<Config>) async throws -> MetricReading {
        let endpoint = try ScalerEndpoint(request.config, files: files)
        let reader = ScalerReader(
            channel: try pool.channel(to: endpoint, for: .calls), scaledObject: ScaledObjectRef(request.config))
        return try await reader.reading(until: .now + CallDeadline.usable(request.timeLeft))
    }

    func readings(for request: MetricSubscription<Config>) async throws -> AsyncThrowingStream<MetricReading, any Error>
    {
        let endpoint = try ScalerEndpoint(request.config, files: files)
        let reader = ScalerReader(
            channel: try pool.channel(to: endpoint, for: .calls), scaledObject: ScaledObjectRef(request.config))
        let watch = try ActivityWatch(reader: reader, streams: pool.channel(to: endpoint, for: .streams))
        return try await watch.readings(until: .now + CallDeadline.usable(request.timeLeft))
    }
}
