import Synchronization
package import WireFormats

/// A Kubernetes API server as a state machine: requests go in, answers and watches come out.
///
/// It does no input or output and has no clock of its own: time and randomness come from its configuration, and what
/// falls due happens in ``advance()``. ``ClusterSimulator`` puts it on HTTP; it can as well be driven in memory.
package final class APIServer: Sendable {
    package struct Configuration: Sendable {
        /// The administrator's bearer token. With one, requests without a token are forbidden and other tokens are
        /// refused; without one, every user is an administrator.
        package var token: String?
        /// Microseconds since 1970.
        package var now: @Sendable () -> Int64
        /// A new UUID in its text form.
        package var makeUID: @Sendable () -> String
        /// How long new pods of a workload take to become ready.
        package var workloadStartupDelay: Duration = .seconds(2)
        /// The replacement for the CEL rules of a custom resource: by `group/kind`.
        package var crossFieldValidators: [String: @Sendable (JSON) -> [FieldError]] = [:]
        /// Changes kept per resource for watches to resume from.
        package var historyLimit = Limits.history
        /// Events that may wait for one watcher.
        package var watchQueueLimit = Limits.watchQueue
        /// The first resourceVersion: well above 0, so that old versions differ from none.
        package var initialRevision: UInt64 = 1_000

        package init(now: @escaping @Sendable () -> Int64, makeUID: @escaping @Sendable () -> String) {
            self.now = now
            self.makeUID = makeUID
        }
    }

    private let state: Mutex<ServerState>
    private let deadlineMoved: @Sendable () -> Void

    /// - Parameter deadlineMoved: is called when ``nextDeadline`` may have come closer.
    package init(configuration: Configuration, deadlineMoved: @escaping @Sendable () -> Void = {}) {
        state = Mutex(ServerState(configuration: configuration))
        self.deadlineMoved = deadlineMoved
    }

    /// Judges a request by the fault rules in force, before it is handled.
    package func admit(_ request: APIRequest) -> FaultVerdict {
        withState { $0.admit(request) }
    }

    /// Handles a request to its end. No webhook is called here, so each one counts as unreachable; use ``begin(_:)`` to
    /// call webhooks.
    package func handle(_ request: APIRequest) -> APIResponse {
        var step = begin(request)
        while true {
            switch step {
            case .answer(let response): return response
            case .ask(let pending):
                let outcomes = pending.calls.map { _ in
                    WebhookOutcome.failure("this server runs in memory and calls nobody")
                }
                step = resume(pending, outcomes)
            }
        }
    }

    /// Handles a request as far as it goes without asking a webhook.
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
                // The object may have changed while its webhooks were asked: then they are asked about what it is now.
                if pending.round < Limits.admissionRounds { return .ask(pending) }
                response = APIResponse(.conflict(ErrorSubject(name: nil, group: "", kind: pending.request.path)))
            }
            state.log.record(pending.request, status: response.status, at: state.now)
            return .answer(response)
        }
    }

    /// Does what fell due since the last call.
    package func advance() {
        withState { $0.advance() }
    }

    /// When ``advance()`` has something to do next, in microseconds since 1970.
    package var nextDeadline: Int64? { state.withLock { $0.nextDeadline } }

    /// Runs with the state under the lock and the time set, and publishes what changed.
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
