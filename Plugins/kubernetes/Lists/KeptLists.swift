import PluginSDK
import SourceSupport
import Synchronization

/// Keeps each list for a few seconds, so that all calls that need it share one request.
final class KeptLists<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private typealias Outcome = Result<Value, PluginError>

    private struct Entry {
        let value: Value
        let readAt: ContinuousClock.Instant
        let size: Int
    }

    private let transfers = SharedTransfers<Key, Outcome>()
    private let entries = Mutex<[Key: Entry]>([:])
    private let size: @Sendable (Value) -> Int
    private let now: @Sendable () -> ContinuousClock.Instant

    /// - Parameter size: the number of objects of a list.
    init(now: @escaping @Sendable () -> ContinuousClock.Instant, size: @escaping @Sendable (Value) -> Int) {
        self.now = now
        self.size = size
    }

    /// Returns a list that is at most ``KubernetesLimits/listLifetime`` old. An error is shared only by calls that wait
    /// for it.
    func value(
        for key: Key, read: () async throws(PluginError) -> Value
    ) async throws(PluginError) -> Value {
        if let kept = kept(key) { return kept }
        let outcome = await transfers.value(
            for: key, isFinal: Self.isFinal, cancelled: .failure(PluginError(.cancelled, "the call was cancelled")),
            transfer: {
                // It may have been read since the check above.
                if let kept = kept(key) { return .success(kept) }
                do throws(PluginError) {
                    let value = try await read()
                    keep(value, for: key)
                    return .success(value)
                } catch {
                    return .failure(error)
                }
            })
        return try outcome.get()
    }

    private func kept(_ key: Key) -> Value? {
        let now = now()
        return entries.withLock { entries in
            guard let entry = entries[key], now - entry.readAt < KubernetesLimits.listLifetime else { return nil }
            return entry.value
        }
    }

    private func keep(_ value: Value, for key: Key) {
        let (now, size) = (now(), size(value))
        entries.withLock { entries in
            entries = entries.filter { now - $0.value.readAt < KubernetesLimits.listLifetime }
            entries[key] = nil
            var total = size + entries.values.reduce(0) { $0 + $1.size }
            while entries.count >= KubernetesLimits.maxLists || total > KubernetesLimits.maxKeptObjects,
                let oldest = entries.min(by: { $0.value.readAt < $1.value.readAt })
            {
                entries[oldest.key] = nil
                total -= oldest.value.size
            }
            entries[key] = Entry(value: value, readAt: now, size: size)
        }
    }

    /// Returns whether an outcome is good for the other calls too: not if it is that of a call whose own time was short.
    private static func isFinal(_ outcome: Outcome) -> Bool {
        guard case .failure(let error) = outcome else { return true }
        return error.kind != .cancelled && error.kind != .deadlineExceeded
    }
}
