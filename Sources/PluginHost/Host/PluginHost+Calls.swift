import PluginProtocol
import Synchronization
import SystemIO

extension PluginHost {
    func call(
        _ request: PluginRequest, type: String, config: PluginConfig, timeout: Duration
    ) async -> Result<PluginAnswer, PluginFailure> {
        let left = await untilStarted(type, timeout)
        guard let owner = registry.types.withLock({ $0.owner(of: type) }), let member = roster[owner] else {
            return .failure(registry.types.withLock { $0.unknown(type) })
        }
        let (supervisor, examined) = (member.supervisor, member.gate.examine(type: type, config: config))
        if let refusal = examined.refusal { return .failure(refusal) }
        let party = CallParty(namespace: CallOrigin.namespace, source: examined.source)
        let subject = CallSubject(type: type, config: config, party: party)
        guard !loop.isOnThread else {
            return await supervisor.callOnLoop(request, about: subject, timeout: left)
        }
        return await supervisor.call(request, about: subject, timeout: left)
    }

    /// Waits until the first start of the plugin of a type has succeeded or failed: the calls that come soon after the start
    /// of the host would otherwise fail, and the next attempt may be an hour later.
    ///
    /// - Parameter timeout: the maximum time to wait.
    /// - Returns: what is left of it.
    private func untilStarted(_ type: String, _ timeout: Duration) async -> Duration {
        let awaited = registry.types.withLock { $0.awaited(for: type) }
        guard !awaited.isEmpty else { return timeout }
        let end = time.elapsed() + timeout
        for name in awaited {
            guard let supervisor = roster[name]?.supervisor else { continue }
            await supervisor.settled.wait(for: max(.zero, end - time.elapsed()), time: time)
        }
        return max(.zero, end - time.elapsed())
    }
}
