import HTTPTransport
import PluginSDK
import Synchronization

/// The master according to Sentinels.
///
/// Source: https://redis.io/docs/latest/develop/reference/sentinel-clients/
struct SentinelRunner: CommandRunner {
    let session: RedisSession
    let masters: MasterDirectory
    let set: SentinelSet

    func run(_ commands: [RedisCommand]) throws(PluginError) -> [RedisReply] {
        var last = PluginError(.sourceUnreachable, "no master of \(set.masterName) was found")
        for _ in 0..<RedisLimits.maxMasterAttempts where session.deadline > .now {
            let address = try masters.address(of: set, session)
            do throws(RedisFailure) {
                // A demoted master still answers with stale data, so its role is checked each time.
                let replies = try session.exchange([RedisCommand("ROLE")] + commands, with: set.master.at(address))
                if Self.isMaster(replies[0]) { return Array(replies.dropFirst()) }
                last = PluginError(
                    .sourceUnreachable,
                    "\(address.tcp) is no longer the master of \(set.masterName), and the Sentinels do not name "
                        + "another yet: a failover is under way. The next poll retries")
            } catch {
                last = error.pluginError
                guard error.isConnectionLost else { throw last }
            }
            masters.forget(set)
        }
        throw last
    }

    /// Returns whether the reply to ROLE is that of a master. If an ACL forbids ROLE, the Sentinel's answer is trusted.
    private static func isMaster(_ reply: RedisReply) -> Bool {
        switch reply {
        case .error(let error): error.code == "NOPERM"
        default: reply.array?.first?.text == "master"
        }
    }
}

/// The masters' addresses as last returned by the Sentinels.
final class MasterDirectory: Sendable {
    private struct Entry {
        var address: RedisAddress
        var since: ContinuousClock.Instant
    }

    private struct State {
        var entries: [SentinelSet: Entry] = [:]
        /// The index of the Sentinel that answered last, which is asked first.
        var preferred: [SentinelSet: Int] = [:]
    }

    private let state = Mutex(State())

    func forget(_ set: SentinelSet) {
        state.withLock { $0.entries[set] = nil }
    }

    func address(of set: SentinelSet, _ session: RedisSession) throws(PluginError) -> RedisAddress {
        let (known, first) = state.withLock { ($0.entries[set], $0.preferred[set] ?? 0) }
        if let known, .now - known.since < RedisLimits.masterAge { return known.address }

        let count = set.sentinels.count
        var failures: [PluginError] = []
        for step in 0..<count {
            let index = (first + step) % count
            // A Sentinel that does not answer must not use up the time for the others and the master.
            let limit = ContinuousClock.now + ContinuousClock.now.duration(to: session.deadline) / (count - step + 1)
            do throws(PluginError) {
                let address = try Self.ask(set.sentinels[index], set.masterName, session, until: limit)
                remember(address, of: set, from: index)
                return address
            } catch {
                failures.append(error)
            }
        }
        throw Self.summary(failures, set)
    }

    private func remember(_ address: RedisAddress, of set: SentinelSet, from index: Int) {
        state.withLock { state in
            if state.entries.count >= RedisLimits.maxKnownClusters { state = State() }
            state.entries[set] = Entry(address: address, since: .now)
            state.preferred[set] = index
        }
    }

    private static func ask(
        _ sentinel: RedisEndpoint, _ master: String, _ session: RedisSession, until limit: ContinuousClock.Instant
    ) throws(PluginError) -> RedisAddress {
        let reply: RedisReply?
        do throws(RedisFailure) {
            let command = RedisCommand("SENTINEL", "GET-MASTER-ADDR-BY-NAME", master)
            reply = try session.exchange([command], with: sentinel, until: limit).first
        } catch {
            throw error.pluginError
        }
        switch reply {
        case .array(let parts):
            guard parts.count == 2, let host = parts[0].text, RedisAddress.isHost(host),
                let port = parts[1].text.flatMap({ UInt16($0) }), port > 0
            else { throw PluginError(.sourceUnreachable, "\(sentinel.address) returned no address for \(master)") }
            return RedisAddress(host: host, port: Int(port))
        case .error(let error):
            if error.message.lowercased().contains("unknown command") {
                throw PluginError(
                    .configInvalid, "\(sentinel.address) is not a Sentinel: list Sentinels, not servers",
                    path: "sentinel.addresses")
            }
            throw error.pluginError("\(sentinel.address)")
        default:
            throw PluginError(
                .configInvalid, "\(sentinel.address) does not monitor a master named \(master)", path: "sentinel.master"
            )
        }
    }

    /// Combines the failures. Answers of Sentinels take precedence over missing answers.
    private static func summary(_ failures: [PluginError], _ set: SentinelSet) -> PluginError {
        let first = failures.first { ![.sourceUnreachable, .deadlineExceeded].contains($0.kind) } ?? failures.first
        guard var first else {
            return PluginError(.configInvalid, "no Sentinel is configured", path: "sentinel.addresses")
        }
        if failures.count > 1 { first.message += ". None of the \(failures.count) Sentinels named a master" }
        return first
    }
}
