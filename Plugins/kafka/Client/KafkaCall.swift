import PluginSDK
import SourceSupport
import Synchronization
import SystemIO

/// One call and its deadline. The reading, or an error, comes by the deadline even if librdkafka is silent.
final class KafkaCall: LimitedCall {
    /// The time at which requests stop waiting.
    let deadline: ContinuousClock.Instant
    /// The time at which the call itself ends.
    let limit: ContinuousClock.Instant
    private let place: String
    private let phase = Mutex("a connection was made")
    private let events = Mutex<ClientEvents?>(nil)
    private let promise = AsyncPromise<MetricReading>()

    init(timeLeft: Duration, until end: ContinuousClock.Instant, place: String) {
        let usable = CallDeadline.usable(timeLeft)
        deadline = end - (timeLeft - usable)
        limit = end - (timeLeft - usable) / 2
        self.place = place
    }

    /// Sets whose report says why there is no answer.
    func connect(by events: ClientEvents) { self.events.withLock { $0 = events } }

    /// Sets the current step, for the message of a call that runs out of time.
    func enter(_ phase: String) { self.phase.withLock { $0 = phase } }

    func finish(_ result: Result<MetricReading, PluginError>) { promise.fulfill(result.mapError { $0 }) }

    func expire() { finish(.failure(overdue)) }

    /// - Parameter calls: ends this one at its limit.
    /// - Throws: ``PluginError``.
    func reading(endedBy calls: OverdueCalls) async throws -> MetricReading {
        calls.add(self)
        defer { calls.remove(self) }
        do {
            return try await promise.value
        } catch is CancellationError {
            throw PluginError(.cancelled, "the call was cancelled while \(phase.withLock(\.self))")
        }
    }

    /// The error of a call whose time is over.
    var overdue: PluginError {
        if let reason = events.withLock(\.self)?.failure { return reason.error }
        return PluginError(
            .deadlineExceeded,
            "Kafka at \(place) did not answer in time: the time ran out while \(phase.withLock(\.self)). Check that all "
                + "brokers run, or raise timeoutSeconds of the metric")
    }
}
