import PluginSDK
import SourceSupport
import Synchronization
import SystemIO

/// One call and its deadline. It ends by the deadline even if librdkafka is silent.
final class KafkaCall: LimitedCall {
    private struct State {
        var phase = "a connection was made"
        /// Whose report says why there is no answer.
        var events: ClientEvents?
        var isOver = false
        /// Fails the wait for the current answer.
        var endWait: (@Sendable (KafkaFailure) -> Void)?
    }

    /// The time at which requests stop waiting.
    let deadline: ContinuousClock.Instant
    /// The time at which the call itself ends.
    let limit: ContinuousClock.Instant
    private let cluster: KafkaCluster
    private let state = Mutex(State())

    init(timeLeft: Duration, until end: ContinuousClock.Instant, on cluster: KafkaCluster) {
        let usable = CallDeadline.usable(timeLeft)
        deadline = end - (timeLeft - usable)
        limit = end - (timeLeft - usable) / 2
        self.cluster = cluster
    }

    /// Sets whose report says why there is no answer.
    func connect(by events: ClientEvents) { state.withLock { $0.events = events } }

    /// Sets the current step, for the message of a call that runs out of time.
    func enter(_ phase: String) { state.withLock { $0.phase = phase } }

    func expire() {
        let endWait = state.withLock { state in
            state.isOver = true
            return state.endWait
        }
        endWait?(KafkaFailure(overdue))
    }

    /// Starts a request and waits for its answer, or for the end of the call, after which the request ends with its own
    /// timeout.
    func answer<Value: Sendable>(
        _ start: (AsyncPromise<Value>) -> Void
    ) async throws(KafkaFailure) -> Value {
        let promise = AsyncPromise<Value>()
        let isOver = state.withLock { state in
            state.endWait = { promise.fulfill(.failure($0)) }
            return state.isOver
        }
        defer { state.withLock { $0.endWait = nil } }
        guard !isOver else { throw KafkaFailure(overdue) }
        start(promise)
        do {
            return try await promise.value
        } catch let error as KafkaFailure {
            throw error
        } catch {
            throw KafkaFailure(.cancelled, "the call was cancelled while \(state.withLock(\.phase))")
        }
    }

    /// The error of a call whose time is over.
    var overdue: PluginError {
        let (phase, events) = state.withLock { ($0.phase, $0.events) }
        if let reason = events?.failure { return reason.error }
        return PluginError(
            .deadlineExceeded,
            "Kafka at \(cluster) did not answer in time: the time ran out while \(phase). Check that all brokers run, or raise "
                + "timeoutSeconds of the metric")
    }
}
