import HTTPTransport
import Synchronization

/// A cache of clusters: the node of each key, and the known nodes.
///
/// An optimization only: the nodes correct a wrong entry with MOVED.
final class ClusterMap: Sendable {
    private struct Cluster {
        var nodeOfKey: [String: RedisAddress] = [:]
        var nodes: [RedisAddress] = []
        var learnedAt: ContinuousClock.Instant?
    }

    private let clusters = Mutex<[RedisEndpoint: Cluster]>([:])

    /// Returns the candidates in the order in which to try them.
    func candidates(for key: String?, _ seed: RedisEndpoint) -> [RedisEndpoint] {
        let cluster = clusters.withLock { $0[seed] } ?? Cluster()
        var servers = key.flatMap { cluster.nodeOfKey[$0] }.map { [seed.at($0)] } ?? []
        for server in [seed] + cluster.nodes.map({ seed.at($0) }) where !servers.contains(server) {
            servers.append(server)
        }
        return servers
    }

    func remember(_ address: RedisAddress, has key: String, _ seed: RedisEndpoint) {
        change(seed) { cluster in
            if cluster.nodeOfKey.count >= RedisLimits.maxKnownKeys { cluster.nodeOfKey.removeAll() }
            cluster.nodeOfKey[key] = address
        }
    }

    /// Removes the node of a key after it did not answer.
    func forget(_ key: String?, _ seed: RedisEndpoint) {
        change(seed) { cluster in
            if let key { cluster.nodeOfKey[key] = nil }
        }
    }

    /// Returns whether the nodes should be requested.
    func wantsTopology(_ seed: RedisEndpoint) -> Bool {
        clusters.withLock { clusters in
            guard let learnedAt = clusters[seed]?.learnedAt else { return true }
            return .now - learnedAt > RedisLimits.topologyAge
        }
    }

    /// Updates the nodes from a reply to CLUSTER SLOTS. An error, such as that of an ACL, counts as no known nodes.
    ///
    /// Source: https://redis.io/docs/latest/commands/cluster-slots/
    func learn(_ reply: RedisReply, from server: RedisEndpoint, _ seed: RedisEndpoint) {
        var found: [RedisAddress] = []
        for range in reply.array ?? [] {
            for node in (range.array ?? []).dropFirst(2) {
                guard let parts = node.array, parts.count >= 2, let port = parts[1].integer, 1...65_535 ~= port else {
                    continue
                }
                var host = parts[0].text ?? ""
                if host.isEmpty, case .tcp(let asked, _) = server.address { host = asked }
                let address = RedisAddress(host: host, port: Int(port))
                if RedisAddress.isHost(host), !found.contains(address), found.count < RedisLimits.maxKnownNodes {
                    found.append(address)
                }
            }
        }
        change(seed) { cluster in
            cluster.nodes = found
            cluster.learnedAt = .now
        }
    }

    /// Returns whether the node is in the cluster's own map.
    func knows(_ address: RedisAddress, _ seed: RedisEndpoint) -> Bool {
        seed.address == address.tcp || clusters.withLock { $0[seed]?.nodes.contains(address) ?? false }
    }

    private func change(_ seed: RedisEndpoint, _ body: (inout Cluster) -> Void) {
        clusters.withLock { clusters in
            if clusters[seed] == nil, clusters.count >= RedisLimits.maxKnownClusters { clusters.removeAll() }
            body(&clusters[seed, default: Cluster()])
        }
    }
}
