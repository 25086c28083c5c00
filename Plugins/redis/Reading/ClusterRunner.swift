import HTTPTransport
import PluginSDK
import SourceSupport

/// A Redis Cluster: each command is sent to the node with its key, following redirects.
///
/// Source: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/
struct ClusterRunner: CommandRunner {
    let session: RedisSession
    let map: ClusterMap
    /// The node in the config.
    let seed: RedisEndpoint

    func run(_ commands: [RedisCommand]) throws(PluginError) -> [RedisReply] {
        var replies: [RedisReply] = []
        for command in commands { replies.append(try follow(command)) }
        return replies
    }

    private func follow(_ command: RedisCommand) throws(PluginError) -> RedisReply {
        var (server, reply) = try firstReply(command)
        for _ in 0..<RedisLimits.maxRedirects {
            guard case .error(let error) = reply, let redirect = try redirect(error, from: server) else { return reply }
            try checkNode(redirect.address, of: server)
            server = seed.at(redirect.address)
            do throws(RedisFailure) {
                let asking = redirect.isForOnce ? [RedisCommand("ASKING")] : []
                reply = try session.exchange(asking + [command], with: server).last ?? .nothing
            } catch {
                throw error.pluginError
            }
            if !redirect.isForOnce, let key = command.key { map.remember(redirect.address, has: key, seed) }
        }
        if case .error(let error) = reply, try redirect(error, from: server) != nil {
            throw PluginError(
                .sourceUnreachable,
                "the cluster's nodes redirected the command more than \(RedisLimits.maxRedirects) times: it is being "
                    + "rebuilt. The next poll retries")
        }
        return reply
    }

    /// Checks that a redirect leads to a node in the cluster's own map. A script can return a redirect to any address,
    /// to which the password would be sent.
    private func checkNode(_ address: RedisAddress, of server: RedisEndpoint) throws(PluginError) {
        guard !map.knows(address, seed) else { return }
        do throws(RedisFailure) {
            let replies = try session.exchange([RedisCommand("CLUSTER", "SLOTS")], with: server)
            map.learn(replies.first ?? .nothing, from: server, seed)
        } catch {
            throw error.pluginError
        }
        guard !map.knows(address, seed) else { return }
        throw PluginError(
            .sourceUnreachable,
            "\(server.address) redirects to a node that is not in CLUSTER SLOTS, so the redirect is not followed. The "
                + "user needs the permission to run CLUSTER SLOTS; while a node joins, the next poll retries")
    }

    /// Returns the redirect in an error; nil if there is none.
    private func redirect(_ error: RedisError, from server: RedisEndpoint) throws(PluginError) -> Redirect? {
        do throws(Redirect.Fault) {
            return try Redirect(error, from: server)
        } catch {
            throw PluginError(
                .sourceUnreachable,
                "\(server.address) redirects to an address that cannot be used (\(Quoting.shortened(error.said))): "
                    + error.remedy)
        }
    }

    /// Returns the reply of the first node that accepts a connection: the last node of the key, the node in the config,
    /// others.
    private func firstReply(_ command: RedisCommand) throws(PluginError) -> (RedisEndpoint, RedisReply) {
        var last = PluginError(.sourceUnreachable, "no node of the cluster at \(seed.address) could be reached")
        let candidates = map.candidates(for: command.key, seed).prefix(RedisLimits.maxNodesTried)
        for (index, server) in candidates.enumerated() where session.deadline > .now {
            // A node that does not respond must not use up the time for the others.
            let share = ContinuousClock.now.duration(to: session.deadline) / (candidates.count - index)
            let wantsMap = map.wantsTopology(seed)
            do throws(RedisFailure) {
                let replies = try session.exchange(
                    [command] + (wantsMap ? [RedisCommand("CLUSTER", "SLOTS")] : []), with: server, until: .now + share)
                if wantsMap { map.learn(replies[1], from: server, seed) }
                return (server, replies[0])
            } catch {
                last = error.pluginError
                guard error.isConnectionLost || last.kind == .deadlineExceeded else { throw last }
                map.forget(command.key, seed)
            }
        }
        throw last
    }
}

/// `MOVED 3999 127.0.0.1:6381`: the node with the key's slot; or `ASK ...`, the node with the key during a migration.
struct Redirect: Hashable {
    let address: RedisAddress
    /// Whether the redirect applies to this command only.
    let isForOnce: Bool

    /// A malformed redirect.
    struct Fault: Error {
        /// The server's message.
        let said: String
        let remedy: String
    }

    /// Parses a redirect; nil if the error is not a redirect.
    init?(_ error: RedisError, from server: RedisEndpoint) throws(Fault) {
        guard ["MOVED", "ASK"].contains(error.code) else { return nil }
        func fault(_ remedy: String) -> Fault { Fault(said: error.message, remedy: remedy) }
        let words = error.message.split(separator: " ")
        guard words.count >= 3, let colon = words[2].lastIndex(of: ":"),
            let port = UInt16(words[2][words[2].index(after: colon)...])
        else { throw fault("it is not of the form MOVED SLOT HOST:PORT, as a node of a cluster answers it") }
        guard port > 0 else {
            throw fault(
                server.tls == nil
                    ? "that node has no port without TLS: set tls" : "that node has no port for TLS: set its tls-port")
        }
        var host = String(words[2][..<colon])
        // An empty host means the node that answered, which does not know its own name.
        if host.isEmpty, case .tcp(let asked, _) = server.address { host = asked }
        guard host != "?" else {
            throw fault(
                "cluster-preferred-endpoint-type is hostname there, and that node has no hostname: set its "
                    + "cluster-announce-hostname, or the type to ip")
        }
        guard RedisAddress.isHost(host) else {
            throw fault("set cluster-announce-ip, or cluster-announce-hostname, of that node")
        }
        address = RedisAddress(host: host, port: Int(port))
        isForOnce = error.code == "ASK"
    }
}
