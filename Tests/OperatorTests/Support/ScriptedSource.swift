import PluginProtocol
import ServiceLifecycle
import Synchronization
import WireFormats

@testable import Operator
@testable import PluginHost
@testable import ScalerAPI

/// Plugins whose answers the test defines.
final class ScriptedSource: MetricSource {
    typealias Answer = @Sendable (_ config: JSON) async throws(PluginFailure) -> Double

    private struct State {
        var answers: [String: Answer] = [:]
        var verdict: @Sendable (_ type: String, _ config: JSON) -> ConfigVerdict = { _, _ in .valid(nil) }
        var schema: JSON = [:]
        var defaults: [String: JSON] = [:]
        var reads = 0
        var history: (@Sendable (_ microseconds: Int64) -> Double?)?
        var rangeReads = 0
        var unreadable: Set<String> = []
        var pushing: Set<String> = []
        var subscriptions: [Int: Subscription] = [:]
        var lastSubscription = 0
    }

    private struct Subscription {
        let type: String
        var config: PluginConfig
        let deliver: @Sendable (MetricReading) -> Void
    }

    private let state = Mutex(State())
    private let defaultTargetType: TargetType
    private let nowMicroseconds: @Sendable () -> Int64

    init(targetType: TargetType = .value, now: @escaping @Sendable () -> Int64) {
        defaultTargetType = targetType
        nowMicroseconds = now
    }

    /// Sets the answer of a type from now on.
    func answer(_ type: String = "test", _ answer: @escaping Answer) {
        state.withLock { $0.answers[type] = answer }
    }

    /// Sets the plugins' verdict on configs.
    func judge(_ verdict: @escaping @Sendable (_ type: String, _ config: JSON) -> ConfigVerdict) {
        state.withLock { $0.verdict = verdict }
    }

    /// Declares the config schema of every type.
    func declare(_ schema: JSON) { state.withLock { $0.schema = schema } }

    /// Sets the value of every type at a past time.
    func remember(_ history: @escaping @Sendable (_ microseconds: Int64) -> Double?) {
        state.withLock { $0.history = history }
    }

    /// Makes every read of the history of a type fail.
    func failHistory(of type: String) { state.withLock { _ = $0.unreadable.insert(type) } }

    /// The number of reads of history so far.
    var rangeReads: Int { state.withLock(\.rangeReads) }

    func readRange(
        type: String, config: PluginConfig, targetType: TargetType, window: RangeWindow, timeout: Duration
    ) async throws(PluginFailure) -> MetricRange {
        let (history, isUnreadable) = state.withLock { state in
            state.rangeReads += 1
            return (state.history, state.unreadable.contains(type))
        }
        if isUnreadable { throw PluginFailure(.deadlineExceeded, plugin: nil, "\(type) did not answer") }
        guard let history else {
            throw PluginFailure(.notSupported, plugin: nil, "\(type) has no history")
        }
        return MetricRange(
            points: window.times.compactMap { time in
                history(time).map { MetricRange.Point(atMicroseconds: time, value: $0) }
            })
    }

    // MARK: Pushes

    /// Lets the type's plugin push from now on.
    func canPush(_ type: String = "test") {
        state.withLock { _ = $0.pushing.insert(type) }
    }

    /// Pushes a value for every config of that type.
    ///
    /// - Parameter age: the age of the observation.
    func push(_ value: Double, _ type: String = "test", age: Duration = .zero) {
        let reading = MetricReading(
            value: value, observedAtMicroseconds: nowMicroseconds() - age.microsecondCount)
        let audience = state.withLock { $0.subscriptions.values.filter { $0.type == type } }
        for subscription in audience { subscription.deliver(reading) }
    }

    var subscriptionCount: Int { state.withLock(\.subscriptions.count) }
    /// The number of subscriptions that there ever were.
    var subscriptionsMade: Int { state.withLock(\.lastSubscription) }
    /// The configs of the subscriptions.
    var subscribedConfigs: [JSON] { state.withLock { $0.subscriptions.values.map(\.config.json) } }

    func subscribe(
        type: String, config: PluginConfig, targetType: TargetType,
        deliver: @escaping @Sendable (MetricReading) -> Void
    ) -> ReadingSubscription? {
        state.withLock { state in
            guard state.pushing.contains(type) else { return nil }
            state.lastSubscription += 1
            let id = state.lastSubscription
            state.subscriptions[id] = Subscription(type: type, config: config, deliver: deliver)
            return ReadingSubscription { [weak self] config in
                self?.state.withLock { $0.subscriptions[id]?.config = config }
            } cancel: { [weak self] in
                self?.state.withLock { $0.subscriptions[id] = nil }
            }
        }
    }

    /// The number of reads so far.
    var reads: Int { state.withLock(\.reads) }

    func run() async throws { try await gracefulShutdown() }

    func health() async -> [PluginHealth] { [] }

    func metricType(_ type: String) -> InstalledMetricType? {
        guard state.withLock({ $0.answers[type] }) != nil else { return nil }
        let description = MetricTypeDescription(
            type: type, description: "", configSchema: state.withLock(\.schema), defaultTargetType: defaultTargetType)
        return InstalledMetricType(description: description, plugin: type, pluginName: type, pluginVersion: "1")
    }

    func defaults(forType type: String) -> [String: JSON] { state.withLock(\.defaults) }

    /// Sets the administrator's defaults of every type.
    func setDefaults(_ defaults: [String: JSON]) { state.withLock { $0.defaults = defaults } }

    func validate(type: String, config: PluginConfig) async -> ConfigVerdict {
        guard metricType(type) != nil else { return .unavailable(unknown(type)) }
        return state.withLock(\.verdict)(type, config.json)
    }

    func read(
        type: String, config: PluginConfig, targetType: TargetType, timeout: Duration
    ) async throws(PluginFailure) -> MetricReading {
        let answer = state.withLock { state in
            state.reads += 1
            return state.answers[type]
        }
        guard let answer else { throw unknown(type) }
        return MetricReading(value: try await answer(config.json), observedAtMicroseconds: nowMicroseconds())
    }

    private func unknown(_ type: String) -> PluginFailure {
        PluginFailure(.unknownType, plugin: nil, "no plugin reads \(type)")
    }
}
