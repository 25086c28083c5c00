import PluginSDK
import SourceSupport
import Synchronization

/// The clients, one for each cluster and identity.
final class ClientPool: Sendable {
    private struct Entry {
        let client: KafkaClient
        var users = 0
        var lastUse: ContinuousClock.Instant
    }

    private let threads = WorkerThreads(limit: KafkaLimits.maxThreads)
    private let maxIdleAge: Duration
    private let entries = Mutex<[KafkaCluster: Entry]>([:])
    /// Whether a task waits to close idle clients: one for all calls, because each keeps its memory until it ends.
    private let isCloserRunning = Mutex(false)

    init(maxIdleAge: Duration) {
        self.maxIdleAge = maxIdleAge
    }

    var count: Int { entries.withLock(\.count) }

    /// Runs `body` with the cluster's client, which stays open for that time.
    func use<Value>(
        _ cluster: KafkaCluster, _ body: (KafkaClient) async throws(KafkaFailure) -> Value
    ) async throws(KafkaFailure) -> Value {
        let client = try take(cluster)
        defer { giveBack(cluster) }
        return try await body(client)
    }

    private func take(_ cluster: KafkaCluster) throws(KafkaFailure) -> KafkaClient {
        // Closed after the lock is released.
        var closed: [KafkaClient] = []
        defer { withExtendedLifetime(closed) {} }
        return try entries.withLock { entries throws(KafkaFailure) in
            if let client = entries[cluster]?.client {
                entries[cluster]?.users += 1
                return client
            }
            if entries.count >= KafkaLimits.maxClients {
                guard
                    let oldest = entries.filter({ $0.value.users == 0 }).min(by: { $0.value.lastUse < $1.value.lastUse }
                    )
                else {
                    throw KafkaFailure(
                        .sourceUnreachable,
                        "calls with \(KafkaLimits.maxClients) clusters or identities are running, which is the plugin's limit. "
                            + "The next poll retries")
                }
                closed.append(oldest.value.client)
                entries[oldest.key] = nil
            }
            let client = try KafkaClient(cluster, threads: threads)
            entries[cluster] = Entry(client: client, users: 1, lastUse: .now)
            return client
        }
    }

    private func giveBack(_ cluster: KafkaCluster) {
        entries.withLock { entries in
            entries[cluster]?.users -= 1
            entries[cluster]?.lastUse = .now
        }
        let isFirst = isCloserRunning.withLock { isRunning in
            defer { isRunning = true }
            return !isRunning
        }
        guard isFirst else { return }
        // Not awaited: it ends when no client is left.
        Task { [weak self, maxIdleAge] in
            repeat { try? await Task.sleep(for: maxIdleAge) } while self?.closeIdle() ?? false
        }
    }

    /// - Returns: whether clients are left.
    private func closeIdle() -> Bool {
        let oldest = ContinuousClock.now - maxIdleAge
        // Closed after the lock is released.
        let (closed, isAnyLeft) = entries.withLock { entries in
            let idle = entries.filter { $0.value.users == 0 && $0.value.lastUse <= oldest }
            for cluster in idle.keys { entries[cluster] = nil }
            if entries.isEmpty { isCloserRunning.withLock { $0 = false } }
            return (idle, !entries.isEmpty)
        }
        withExtendedLifetime(closed) {}
        return isAnyLeft
    }
}
