import Operator
import PluginHost
import PluginProtocol
import ScalerAPI
import ServiceLifecycle
import WireFormats

/// The plugins of one operator. They read the environment's series, and fail as the environment decides.
///
/// Not thread-safe and sent to other tasks nevertheless: all code of the simulation runs on one thread, see
/// ``JobQueue``.
final class SimulatedSource: MetricSource, @unchecked Sendable {
    /// A plugin's answer to a call.
    enum Answer {
        case reading(MetricReading)
        case failure(PluginFailure)
        /// No answer until the host's deadline.
        case silence
    }

    private struct Call {
        let events: [Timeline.Event]
        let continuation: CheckedContinuation<Result<MetricReading, PluginFailure>, Never>
    }

    private let timeline: Timeline
    private let clock: SimulatedClock
    private let answer: (_ series: String) -> (Answer, after: Duration)
    private let answered: (_ series: String, _ startedAt: Int64, Result<MetricReading, PluginFailure>) -> Void
    private var calls: [Int: Call] = [:]
    private var lastCall = 0
    private var isDead = false

    init(
        _ timeline: Timeline, _ clock: SimulatedClock, answer: @escaping (String) -> (Answer, after: Duration),
        answered: @escaping (String, Int64, Result<MetricReading, PluginFailure>) -> Void
    ) {
        self.timeline = timeline
        self.clock = clock
        self.answer = answer
        self.answered = answered
    }

    var openCallCount: Int { calls.count }
    /// Microseconds since 1970, by the operator's wall clock.
    var wall: Int64 { clock.wall }

    /// Ends the source with its process.
    func kill() {
        isDead = true
        for call in calls.keys.sorted() { finish(call, .failure(Self.gone)) }
    }

    func run() async throws { try await gracefulShutdown() }

    func health() async -> [PluginHealth] { [] }

    func metricType(_ type: String) -> InstalledMetricType? {
        let description = MetricTypeDescription(
            type: type, description: "", configSchema: [:], defaultTargetType: .value)
        return InstalledMetricType(description: description, plugin: type, pluginName: type, pluginVersion: "1")
    }

    func defaults(forType type: String) -> [String: JSON] { [:] }

    func validate(type: String, config: PluginConfig) async -> ConfigVerdict { .valid(nil) }

    func read(
        type: String, config: PluginConfig, targetType: TargetType, timeout: Duration
    ) async throws(PluginFailure) -> MetricReading {
        guard !isDead, let series = config.json["series"]?.stringValue else { throw Self.gone }
        let startedAt = timeline.now
        let result = await call(type, series, timeout)
        answered(series, startedAt, result)
        return try result.get()
    }

    /// Answers with the load before the simulation began, unless a reading would fail now.
    func readRange(
        type: String, config: PluginConfig, targetType: TargetType, window: RangeWindow, timeout: Duration
    ) async throws(PluginFailure) -> MetricRange {
        guard !isDead, let series = config.json["series"]?.stringValue else { throw Self.gone }
        _ = try await call(type, series, timeout).get()
        return PastLoad.range(of: series, window)
    }

    private func call(_ type: String, _ series: String, _ timeout: Duration) async -> Result<
        MetricReading, PluginFailure
    > {
        lastCall += 1
        let number = lastCall
        return await withCheckedContinuation { continuation in
            let (answer, delay) = answer(series)
            let deadline = timeline.after(timeout) { [self] in
                finish(number, .failure(PluginFailure(.deadlineExceeded, plugin: type, "no answer in time")))
            }
            let arrival = timeline.after(delay) { [self] in
                switch answer {
                case .reading(let reading): finish(number, .success(reading))
                case .failure(let failure): finish(number, .failure(failure))
                case .silence: break
                }
            }
            calls[number] = Call(events: [deadline, arrival], continuation: continuation)
        }
    }

    private func finish(_ number: Int, _ result: Result<MetricReading, PluginFailure>) {
        guard let call = calls.removeValue(forKey: number) else { return }
        for event in call.events { timeline.cancel(event) }
        call.continuation.resume(returning: result)
    }

    private static let gone = PluginFailure(.crashed, plugin: "test", "the process is gone")
}
