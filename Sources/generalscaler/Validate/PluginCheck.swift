import Operator
import PluginHost
import WireFormats

/// Has the installed plugins judge configs, without a cluster and without asking any source.
struct PluginCheck {
    let host: PluginHost

    /// Starts the plugins for as long as the body runs.
    static func withPlugins<Value: Sendable>(
        of host: PluginHost, _ body: (PluginCheck) async -> Value
    ) async -> Value {
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await host.run() }
            await host.untilStarted()
            let value = await body(PluginCheck(host: host))
            // They keep nothing, so they need no farewell.
            group.cancelAll()
            return value
        }
    }

    func problems(_ metric: ConfigToCheck) async -> [JSONPathError] {
        let defaults = host.defaults(forType: metric.type)
        let config = metric.config.config.objectValue ?? [:]
        let verdict = await host.validate(type: metric.type, config: .object(defaults.merging(config) { $1 }))
        return metric.config.problems
            + verdict.problems(metric: metric.path).filter { !metric.config.isReference($0.path) }
    }
}
