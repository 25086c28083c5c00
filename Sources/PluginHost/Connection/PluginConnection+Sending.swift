import PluginProtocol
import WireFormats

extension PluginConnection {
    mutating func dispatch(now: Duration, _ actions: inout [Action]) {
        guard phase == .handshaking || phase == .ready || phase == .stopping || phase == .over else { return }
        while unwritten < PluginHostLimits.maxUnwrittenBytes,
            let next = calls.sendNext(now: now, batches: batches, batchID: nextID)
        {
            if next.id == nextID { nextID += 1 }
            let line = next.request.line(id: next.id, deadlineMs: Self.milliseconds(next.timeLeft))
            if line.count - 1 <= capabilities.maxRequestBytes {
                write(line, now: now, &actions)
            } else if let call = calls.sent(next.id) {
                fail(
                    next.id, call, .tooLarge(plugin, bytes: line.count - 1, most: capabilities.maxRequestBytes),
                    &actions)
            }
        }
    }

    private var batches: CallTable.BatchBounds? {
        guard phase == .ready, capabilities.batch else { return nil }
        return CallTable.BatchBounds(
            calls: PluginHostLimits.maxBatch,
            bytes: capabilities.maxRequestBytes - PluginHostLimits.batchOverheadBytes)
    }

    mutating func write(_ line: [UInt8], now: Duration, _ actions: inout [Action]) {
        if unwritten == 0 { lastWriteProgress = now }
        unwritten += line.count
        actions.append(.write(line))
    }

    /// Returns the plugin's share of the time, so that its own `deadline_exceeded` still arrives before the caller's
    /// deadline.
    private static func milliseconds(_ timeLeft: Duration) -> Int {
        let margin = min(timeLeft / PluginHostLimits.answerMarginDivisor, PluginHostLimits.maxAnswerMargin)
        let (seconds, attoseconds) = (timeLeft - margin).components
        return Int(
            clamping: max(1, min(seconds, Int64(Int32.max) / 1_000) * 1_000 + attoseconds / 1_000_000_000_000_000))
    }

    mutating func expire(_ id: Int64, _ call: CallTable.Call, now: Duration, _ actions: inout [Action]) {
        guard call.method != .initialize else { return expireHandshake(after: call.timeout, &actions) }
        // The calls in a batch have their own deadlines.
        guard !call.isBatch else { return notifyCancelled(id, now: now, &actions) }
        counters.missedDeadlines += 1
        if call.method == .unsubscribe, !call.isSent { unsubscribing[id] = nil }
        let failure = PluginFailure.missedDeadline(
            plugin, method: call.method, timeout: call.timeout, stage(of: call))
        actions.append(.complete(id, .failure(failure)))
        if call.isSent { notifyCancelled(id, now: now, &actions) }
    }

    private func stage(of call: CallTable.Call) -> PluginFailure.CallStage {
        if call.isSent || call.isBatched { return .sent(isLineOpen: !framer.partial.isEmpty) }
        return phase == .ready ? .queued(maxInFlight: calls.maxInFlight) : .handshake
    }

    mutating func countMissed(_ actions: inout [Action]) {
        missedInRow += 1
        guard missedInRow >= PluginHostLimits.missedDeadlinesBeforeRestart else { return }
        if case .expired(let failure) = phase { return giveUp(failure, &actions) }
        giveUp(.deadline, "\(missedInRow) deadlines in a row passed without any answer", &actions)
    }

    mutating func notifyCancelled(_ id: Int64, now: Duration, _ actions: inout [Action]) {
        guard phase == .ready, capabilities.cancel else { return }
        // At most one per call in flight, so the number of bytes is limited.
        write(ProtocolLine.notification(method: .cancel, params: ["id": .integer(id)]), now: now, &actions)
    }
}
