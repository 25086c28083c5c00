import PluginSDK
import SourceSupport
import Synchronization
import SystemIO

/// Keeps each list for a few seconds, so that all calls that need it share one request.
final class KeptLists<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private typealias Outcome = Result<Value, PluginError>

    private struct Entry {
        let value: Value
        let readAt: ContinuousClock.Instant
        let size: Int
    }

    private struct Kept {
        var entries: [Key: Entry] = [:]
        /// When each list was read, the oldest first. An entry that was read again since is in here twice.
        var ages = FIFO<(key: Key, readAt: ContinuousClock.Instant)>()
        /// The objects of all entries.
        var size = 0

        mutating func remove(_ key: Key) {
            size -= entries.removeValue(forKey: key)?.size ?? 0
        }
    }

    private let transfers = SharedTransfers<Key, Outcome>()
    private let kept = Mutex(Kept())
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
        if let known = known(key) { return known }
        let outcome = await transfers.value(
            for: key, isFinal: Self.isFinal, cancelled: .failure(PluginError(.cancelled, "the call was cancelled")),
            transfer: {
                // It may have been read since the check above.
                if let known = known(key) { return .success(known) }
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

    private func known(_ key: Key) -> Value? {
        let now = now()
        return kept.withLock { kept in
            guard let entry = kept.entries[key], now - entry.readAt < KubernetesLimits.listLifetime else { return nil }
            return entry.value
        }
    }

    private func keep(_ value: Value, for key: Key) {
        let (now, size) = (now(), size(value))
        kept.withLock { kept in
            kept.remove(key)
            while let oldest = kept.ages.first {
                let isOld = now - oldest.readAt >= KubernetesLimits.listLifetime
                guard
                    isOld || kept.entries.count >= KubernetesLimits.maxLists
                        || kept.size + size > KubernetesLimits.maxKeptObjects
                else { break }
                _ = kept.ages.popFirst()
                if kept.entries[oldest.key]?.readAt == oldest.readAt { kept.remove(oldest.key) }
            }
            kept.entries[key] = Entry(value: value, readAt: now, size: size)
            kept.ages.append((key, now))
            kept.size += size
        }
    }

    /// Returns whether an outcome is good for the other calls too: not if it is that of a call whose own time was short.
    private static func isFinal(_ outcome: Outcome) -> Bool {
        guard case .failure(let error) = outcome else { return true }
        return error.kind != .cancelled && error.kind != .deadlineExceeded
    }
}
