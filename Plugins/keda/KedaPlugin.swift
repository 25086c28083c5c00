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
    private let overdue = OverdueCalls()
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
        return try await reader(of: request.config, at: endpoint).reading(
            until: .now + CallDeadline.usable(request.timeLeft))
    }

    func readings(for request: MetricSubscription<Config>) async throws -> AsyncThrowingStream<MetricReading, any Error>
    {
        let endpoint = try ScalerEndpoint(request.config, files: files)
        let watch = try ActivityWatch(
            reader: reader(of: request.config, at: endpoint), streams: pool.channel(to: endpoint, for: .streams))
        return try await watch.readings(until: .now + CallDeadline.usable(request.timeLeft))
    }

    private func reader(of config: Config, at endpoint: ScalerEndpoint) throws(PluginError) -> ScalerReader {
        ScalerReader(
            channel: try pool.channel(to: endpoint, for: .calls), scaledObject: ScaledObjectRef(config),
            overdue: overdue)
    }
}
