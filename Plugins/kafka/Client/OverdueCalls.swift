import Synchronization

/// Ends the calls whose time is over. One task looks at all of them, because a task that sleeps keeps its memory for as
/// long as it was to sleep, even if it is cancelled.
final class OverdueCalls: Sendable {
    private let calls = Mutex<[ObjectIdentifier: KafkaCall]>([:])
    private let isRunning = Mutex(false)

    func add(_ call: KafkaCall) {
        calls.withLock { $0[ObjectIdentifier(call)] = call }
        let isFirst = isRunning.withLock { isRunning in
            defer { isRunning = true }
            return !isRunning
        }
        guard isFirst else { return }
        // Not awaited: it ends when no call is left.
        Task { [self] in
            repeat { try? await Task.sleep(for: KafkaLimits.overdueCheck) } while endOverdue()
        }
    }

    func remove(_ call: KafkaCall) {
        _ = calls.withLock { $0.removeValue(forKey: ObjectIdentifier(call)) }
    }

    /// - Returns: whether calls are left.
    private func endOverdue() -> Bool {
        let now = ContinuousClock.now
        let (overdue, isAnyLeft) = calls.withLock { calls in
            let overdue = calls.values.filter { $0.limit <= now }
            for call in overdue { calls[ObjectIdentifier(call)] = nil }
            if calls.isEmpty { isRunning.withLock { $0 = false } }
            return (overdue, !calls.isEmpty)
        }
        for call in overdue { call.finish(.failure(call.overdue)) }
        return isAnyLeft
    }
}
