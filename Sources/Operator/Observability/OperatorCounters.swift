import ScalerAPI
import Scaling
import Synchronization

/// Counts the operator's activity. The state of each scaler is not stored here: `/metrics` reads it from the
/// controller.
package final class OperatorCounters: Sendable {
    private struct State {
        var polls = Histogram()
        var scalesUp = 0
        var scalesDown = 0
        var decisions = 0
        var blocked: [Blocker.Reason: Int] = [:]
        var apiRequests: [APICall: Int] = [:]
        var sources: [String: Histogram] = [:]
        var sourceErrors: [SourceError: Int] = [:]
        var webhook = WebhookMetrics()
        var pushes: [Push: Int] = [:]
        var pushedPolls = 0
    }

    private struct Push: Hashable {
        var type: String
        var outcome: String
    }

    private struct APICall: Hashable {
        var verb: String
        var code: String
    }

    private struct SourceError: Hashable {
        var type: String
        var reason: String
    }

    /// The maximum number of label combinations, more than the operator can produce; the rest is counted as `other`.
    private static let maxAPICalls = 200
    /// Metric types with their own series; the rest is counted as `other`. Types come from user-defined resources.
    static let maxTypes = 100

    private let state = Mutex(State())

    package init() {}

    func pollFinished(after duration: Duration) {
        state.withLock { $0.polls.observe(duration) }
    }

    func decided() {
        state.withLock { $0.decisions += 1 }
    }

    func blocked(_ reason: Blocker.Reason) {
        state.withLock { $0.blocked[reason, default: 0] += 1 }
    }

    func scaled(up: Bool) {
        state.withLock { state in
            if up { state.scalesUp += 1 } else { state.scalesDown += 1 }
        }
    }

    /// - Parameter code: the HTTP status, or nil if there was no response.
    package func apiRequest(verb: String, code: Int?) {
        state.withLock { state in
            var call = APICall(verb: verb, code: code.map(String.init) ?? "none")
            if state.apiRequests[call] == nil, state.apiRequests.count >= Self.maxAPICalls {
                call = APICall(verb: "other", code: "other")
            }
            state.apiRequests[call, default: 0] += 1
        }
    }

    /// Records a read of a metric of that type.
    ///
    /// - Parameter failure: the reason if the read failed, from ``PluginFailure/reason``.
    func sourceAnswered(type: String, after duration: Duration, failure: String?) {
        state.withLock { state in
            let isKnown = state.sources[type] != nil || state.sources.count < Self.maxTypes
            let type = isKnown ? type : "other"
            state.sources[type, default: Histogram()].observe(duration)
            if let failure { state.sourceErrors[SourceError(type: type, reason: failure), default: 0] += 1 }
        }
    }

    /// Updates the counters of the admission webhook.
    func countWebhook(_ change: (inout WebhookMetrics) -> Void) {
        state.withLock { change(&$0.webhook) }
    }

    /// Records a pushed reading of that type.
    ///
    /// - Parameter isOfUse: whether the reading is newer than the last one, and not from the future.
    func pushed(type: String, isOfUse: Bool) {
        state.withLock { state in
            let isKnown = state.sources[type] != nil || state.sources.count < Self.maxTypes
            let push = Push(type: isKnown ? type : "other", outcome: isOfUse ? "used" : "dropped")
            state.pushes[push, default: 0] += 1
        }
    }

    /// Records a poll that started early because of a pushed reading.
    func pollWasPushed() {
        state.withLock { $0.pushedPolls += 1 }
    }

    func write(into text: inout MetricsText) {
        let state = state.withLock { $0 }
        text.begin(.pollDuration)
        state.polls.write(into: &text)
        text.begin(.decisions)
        text.sample(Double(state.decisions))
        text.begin(.scalings)
        text.sample(["up"], Double(state.scalesUp))
        text.sample(["down"], Double(state.scalesDown))
        text.begin(.blockedPolls)
        for (reason, count) in state.blocked.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            text.sample([reason.rawValue], Double(count))
        }
        text.begin(.apiRequests)
        for (call, count) in state.apiRequests.sorted(by: { ($0.key.verb, $0.key.code) < ($1.key.verb, $1.key.code) }) {
            text.sample([call.verb, call.code], Double(count))
        }
        text.begin(.sourceDuration)
        for (type, durations) in state.sources.sorted(by: { $0.key < $1.key }) { durations.write([type], into: &text) }
        text.begin(.sourceErrors)
        let errors = state.sourceErrors.sorted { ($0.key.type, $0.key.reason) < ($1.key.type, $1.key.reason) }
        for (error, count) in errors { text.sample([error.type, error.reason], Double(count)) }
        state.webhook.write(into: &text)
        text.begin(.pushedReadings)
        for (push, count) in state.pushes.sorted(by: { ($0.key.type, $0.key.outcome) < ($1.key.type, $1.key.outcome) })
        {
            text.sample([push.type, push.outcome], Double(count))
        }
        text.begin(.pushedPolls)
        text.sample(Double(state.pushedPolls))
    }
}
