import PluginProtocol
import WireFormats

// The answer to `initialize`, and the errors for invalid ones.
extension PluginConnection {
    mutating func handshake(
        _ id: Int64, _ result: Result<PluginResult, PluginError>, _ actions: inout [Action]
    ) {
        if case .expired = phase {
            return giveUp(
                .initialize,
                "it answered initialize only when its time was over and its stdin had ended: it buffers its output "
                    + "(flush stdout after each line; in Python, print(..., flush=True)), or it takes too long to start",
                &actions)
        }
        do throws(HandshakeProblem) {
            let initialized = try Handshake.check(result)
            calls.remove(id)
            accept(initialized)
            actions.append(.handshakeCompleted(initialized))
        } catch {
            giveUp(PluginFailure(.protocolViolation, plugin: plugin, "plugin \(plugin): \(error.message)"), &actions)
        }
    }

    /// Handles an answer whose id is not that of `initialize`, the only request so far.
    mutating func handshakeAnsweredAs(_ id: Int64, _ actions: inout [Action]) {
        giveUp(
            .oneAnswer,
            "its first answer has the id \(id), and that of the request, initialize, is \(Self.handshakeID): an answer "
                + "repeats the id of its request", &actions)
    }

    /// Handles the timeout of `initialize`. A plugin that has written nothing may have buffered its answer.
    mutating func expireHandshake(after timeout: Duration, _ actions: inout [Action]) {
        let failure = PluginFailure.violation(
            .initialize, "it did not answer initialize within \(timeout): \(whatCame)", plugin: plugin)
        guard !hasReceived else { return giveUp(failure, &actions) }
        phase = .expired(failure)
        actions.append(.endInput(failure))
    }

    private var whatCame: String {
        guard hasReceived else {
            return
                "it wrote nothing to stdout. A plugin answers the first line on its stdin with one line on its stdout"
        }
        var parts: [String] = []
        if let lastRejected {
            parts.append(
                "its output is not an answer; the last line is \"\(Excerpt.shortened(lastRejected.excerpt))\": "
                    + lastRejected.reason)
        }
        if !framer.partial.isEmpty {
            let excerpt = framer.partial.withUnsafeBytes { Excerpt.shortened(Excerpt.raw($0)) }
            parts.append(
                "it wrote \"\(excerpt)\" and did not end the line. End each message with a newline (0x0A)")
        }
        return parts.isEmpty ? "its output is not an answer" : parts.joined(separator: "; ")
    }
}
