import Operator
import PluginHost
import PluginProtocol
import Synchronization
import WireFormats

/// A metric source with a defect.
final class DefectiveSource: MetricSource {
    /// The share of a reading that a defective forecast expects.
    private static let expectedShare = 0.4

    private let source: SimulatedSource
    private let defect: PlantedDefect?
    /// The series whose history was read.
    private let forecast = Mutex<Set<String>>([])

    init(_ source: SimulatedSource, _ defect: PlantedDefect?) {
        self.source = source
        self.defect = defect
    }

    func run() async throws { try await source.run() }
    func metricType(_ type: String) -> InstalledMetricType? { source.metricType(type) }
    func health() async -> [PluginHealth] { await source.health() }
    func defaults(forType type: String) -> [String: JSON] { source.defaults(forType: type) }

    func validate(type: String, config: PluginConfig) async -> ConfigVerdict {
        await source.validate(type: type, config: config)
    }

    func read(
        type: String, config: PluginConfig, targetType: TargetType, timeout: Duration
    ) async throws(PluginFailure) -> MetricReading {
        if defect == .taskLeaked { leak() }
        do throws(PluginFailure) {
            var reading = try await source.read(type: type, config: config, targetType: targetType, timeout: timeout)
            let isForecast = forecast.withLock { $0.contains(config.json["series"]?.stringValue ?? "") }
            if isForecast { reading.value *= Self.expectedShare }
            return reading
        } catch {
            guard defect == .noDataIsZero, case .answered(let answer) = error.kind, answer.kind == .noData else {
                throw error
            }
            return MetricReading(value: 0, observedAtMicroseconds: source.wall)
        }
    }

    func readRange(
        type: String, config: PluginConfig, targetType: TargetType, window: RangeWindow, timeout: Duration
    ) async throws(PluginFailure) -> MetricRange {
        if defect == .forecastLowers {
            forecast.withLock { _ = $0.insert(config.json["series"]?.stringValue ?? "") }
        }
        return try await source.readRange(
            type: type, config: config, targetType: targetType, window: window, timeout: timeout)
    }

    /// No one awaits or ends this task, which is the defect.
    private func leak() {
        Task { [source] in
            let (stream, continuation) = AsyncStream<Void>.makeStream()
            for await _ in stream { _ = source.openCallCount }
            continuation.finish()
        }
    }
}
