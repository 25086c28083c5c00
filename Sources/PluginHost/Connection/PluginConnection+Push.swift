import PluginProtocol
import WireFormats

// Subscriptions and pushed readings.
extension PluginConnection {
    mutating func notified(
        _ method: ProtocolMethod?, _ params: JSON, _ line: UnsafeRawBufferPointer, now: Duration,
        _ actions: inout [Action]
    ) {
        switch method {
        case .log:
            guard let text = params["message"]?.stringValue else { return }
            actions.append(.log(.pluginLog(level: params["level"]?.stringValue, text: text)))
        case .reading, .subscriptionEnded:
            do throws(JSONPathError) {
                if method == .reading {
                    pushed(try PushedReading(JSONReader(params)), now: now)
                } else {
                    ended(try SubscriptionEnd(JSONReader(params)), &actions)
                }
            } catch {
                counters.pushes.invalid += 1
                actions.append(
                    .log(
                        .rejectedLine(
                            excerpt: Excerpt.raw(line), reason: "\(error) (rule \(ProtocolRule.pushedReading.label))")))
            }
        default: return
        }
    }

    private mutating func pushed(_ pushed: PushedReading, now: Duration) {
        switch pushes.admit(pushed, now: now) {
        case .kept: break
        case .replaced: counters.pushes.coalesced += 1
        case .unknown: counters.pushes.unknown += 1
        case .excess: counters.pushes.excess += 1
        }
    }

    private mutating func ended(_ end: SubscriptionEnd, _ actions: inout [Action]) {
        guard pushes.close(end.subscription) else {
            counters.pushes.unknown += 1
            return
        }
        actions.append(.subscriptionEnded(end))
    }

    mutating func deliverPushes(now: Duration, _ actions: inout [Action]) {
        let due = pushes.takeDue(now: now)
        guard !due.isEmpty else { return }
        counters.pushes.passedOn += due.count
        actions.append(.pushed(due))
    }

    /// Handles the answer to `subscribe` or `unsubscribe`: pushes may begin with the next line, or have ended.
    mutating func subscriptionAnswered(
        _ id: Int64, _ call: CallTable.Call, _ result: Result<PluginResult, PluginError>, now: Duration,
        _ actions: inout [Action]
    ) {
        let ended = unsubscribing.removeValue(forKey: id)
        if let ended { pushes.close(ended) }
        switch result {
        case .failure(let error): close(id, call, .failure(.answered(error, plugin: plugin)), &actions)
        case .success where ended != nil: close(id, call, .success(.unsubscribed), &actions)
        case .success:
            close(id, call, .success(.subscribed(id)), &actions)
            pushes.open(id)
            // The subscription has been cancelled in the meantime.
            if call.isAbandoned { actions += unsubscribe(id, now: now) }
        }
    }
}
