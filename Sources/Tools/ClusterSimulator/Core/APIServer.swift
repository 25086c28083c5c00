import Synchronization
package import WireFormats

/// A Kubernetes API server as a state machine: requests are its input, responses and watches its output.
///
/// The server has no I/O and no clock: time and randomness come from its configuration, and scheduled actions run in
/// ``advance()``. ``ClusterSimulator`` serves it over HTTP; it can also be called in memory.
package final class APIServer: Sendable {
    package struct Configuration: Sendable {
        /// The administrator's bearer token. With one, requests without a token are forbidden and other tokens are
        /// refused; without one, every user is an administrator.
        package var token: String?
        /// The time in microseconds since 1970.
        package var now: @Sendable () -> Int64
        /// Creates a UUID in text form.
        package var makeUID: @Sendable () -> String
        /// How long new pods of a workload take to become ready.
        package var workloadStartupDelay: Duration = .seconds(2)
        /// Whether Deployments and stateful sets have pod objects.
        package var createsPods = false
        /// Replacements for the CEL rules of custom resources, by `group/kind`.
        package var crossFieldValidators: [String: @Sendable (JSON) -> [FieldError]] = [:]
        /// Changes per resource that are kept for watches to resume from.
        package var historyLimit = Limits.history
        /// Queued events of one watcher.
        package var watchQueueLimit = Limits.watchQueue
        /// The first resourceVersion, which leaves room for older ones.
        package var initialRevision: UInt64 = 1_000

        package init(now: @escaping @Sendable () -> Int64, makeUID: @escaping @Sendable () -> String) {
            self.now = now
            self.makeUID = makeUID
        }
    }

    private let state: Mutex<ServerState>
    private let deadlineMoved: @Sendable () -> Void

    /// - Parameter deadlineMoved: called when ``nextDeadline`` may have moved earlier.
    package init(configuration: Configuration, deadlineMoved: @escaping @Sendable () -> Void = {}) {
        state = Mutex(ServerState(configuration: configuration))
        self.deadlineMoved = deadlineMoved
    }

    /// Applies the fault rules to a request before it is handled.
    package func admit(_ request: APIRequest) -> FaultVerdict {
        withState { $0.admit(request) }
    }

    /// Handles a request without calling webhooks, so that each one counts as unreachable; use ``begin(_:)`` to call
    /// webhooks.
    package func handle(_ request: APIRequest) -> APIResponse {
        var step = begin(request)
        while true {
            switch step {
            case .answer(let response): return response
            case .ask(let pending):
                let outcomes = pending.calls.map { _ in
                    WebhookOutcome.failure("this in-memory server does not call webhooks")
                }
                step = resume(pending, outcomes)
            }
        }
    }

    /// Handles a request until a webhook has to be called.
    package func begin(_ request: APIRequest) -> APIStep {
        step(PendingRequest(request: request))
    }

    /// Continues a request that waited for webhooks.
    ///
    /// - Parameter outcomes: one for each of its calls, in their order.
    package func resume(_ pending: PendingRequest, _ outcomes: [WebhookOutcome]) -> APIStep {
        step(pending.answered(outcomes))
    }

    private func step(_ pending: PendingRequest) -> APIStep {
        withState { state in
            var pending = pending
            var response = state.respond(to: pending.request, &pending.admission)
            if response.status < 300, !pending.admission.isComplete {
                // The object may have changed during the calls, in which case the webhooks review the new change.
                if pending.round < Limits.admissionRounds { return .ask(pending) }
                response = APIResponse(.conflict(ErrorSubject(name: nil, group: "", kind: pending.request.path)))
            }
            state.log.record(pending.request, status: response.status, at: state.now)
            return .answer(response)
        }
    }

    /// Runs the actions that are due.
    package func advance() {
        withState { $0.advance() }
    }

    /// When to call ``advance()`` next, in microseconds since 1970.
    package var nextDeadline: Int64? { state.withLock { $0.nextDeadline } }

    /// Runs the body with the locked state and the current time, and publishes the changes.
    func withState<Result, Failure: Error>(
        _ body: (inout ServerState) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var isEarlier = false
        defer { if isEarlier { deadlineMoved() } }
        return try state.withLock { state throws(Failure) in
            let before = state.nextDeadline
            state.now = state.configuration.now()
            defer {
                state.publish()
                if let after = state.nextDeadline { isEarlier = after < before ?? .max }
            }
            return try body(&state)
        }
    }
}
