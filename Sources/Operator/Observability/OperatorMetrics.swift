import Scaling
import Synchronization

/// Counts what the operator does. The state of each scaler is not kept here: `/metrics` asks the controller for it.
package final class OperatorMetrics: Sendable {
    private struct State {
        var polls = Histogram()
        var scalesUp = 0
        var scalesDown = 0
        var decisions = 0
        var blocked: [Blocker.Reason: Int] = [:]
        var apiRequests: [APICall: Int] = [:]
    }

    private struct APICall: Hashable {
        var verb: String
        var code: String
    }

    /// More combinations than the operator can make; the rest is counted as `other`.
    private static let maxAPICalls = 200

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

    /// - Parameter code: the HTTP status, or nil where no answer came.
    package func apiRequest(verb: String, code: Int?) {
        state.withLock { state in
            var call = APICall(verb: verb, code: code.map(String.init) ?? "none")
            if state.apiRequests[call] == nil, state.apiRequests.count >= Self.maxAPICalls {
                call = APICall(verb: "other", code: "other")
            }
            state.apiRequests[call, default: 0] += 1
        }
    }

    func write(into text: inout MetricsText) {
        let state = state.withLock { $0 }
        text.family(
            "generalscaler_poll_duration_seconds", .histogram, "Time from the start of a poll to its last write.")
        state.polls.write("generalscaler_poll_duration_seconds", [], into: &text)
        text.family("generalscaler_decisions_total", .counter, "Decisions made.")
        text.sample("generalscaler_decisions_total", [], Double(state.decisions))
        text.family("generalscaler_scalings_total", .counter, "Replica changes that the API server accepted.")
        text.sample("generalscaler_scalings_total", [("direction", "up")], Double(state.scalesUp))
        text.sample("generalscaler_scalings_total", [("direction", "down")], Double(state.scalesDown))
        text.family("generalscaler_blocked_polls_total", .counter, "Polls that could not decide, by reason.")
        for (reason, count) in state.blocked.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            text.sample("generalscaler_blocked_polls_total", [("reason", reason.rawValue)], Double(count))
        }
        text.family(
            "generalscaler_api_requests_total", .counter, "Requests to the API server, by verb and status code.")
        for (call, count) in state.apiRequests.sorted(by: { ($0.key.verb, $0.key.code) < ($1.key.verb, $1.key.code) }) {
            text.sample("generalscaler_api_requests_total", [("verb", call.verb), ("code", call.code)], Double(count))
        }
    }
}
