import Operator
import PluginHost
import WireFormats

/// Has the installed plugins judge configs, without a cluster and without asking any source.
struct PluginCheck {
    let host: PluginHost

    /// A first start that fails is tried again this often: a busy machine may be slow to start a process.
    private static let secondChances = 10
    private static let secondChanceInterval: Duration = .seconds(1)

    /// Starts the plugins for as long as the body runs.
    ///
    /// - Parameter types: the metric types that the body needs.
    static func withPlugins<Value: Sendable>(
        of host: PluginHost, types: Set<String>, _ body: (PluginCheck) async -> Value
    ) async -> Value {
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await host.run() }
            await host.untilStarted()
            for _ in 0..<secondChances where await isStartingAgain(types, host) {
                try? await Task.sleep(for: secondChanceInterval)
            }
            let value = await body(PluginCheck(host: host))
            // They keep nothing, so they need no farewell.
            group.cancelAll()
            return value
        }
    }

    /// Whether a plugin of its own name for one of the types failed to start and is being started again.
    private static func isStartingAgain(_ types: Set<String>, _ host: PluginHost) async -> Bool {
        let missing = types.filter { host.metricType($0) == nil }
        guard !missing.isEmpty else { return false }
        return await host.health().contains {
            missing.contains($0.name) && [.starting, .backingOff].contains($0.state)
        }
    }

    func problems(_ metric: ConfigToCheck) async -> [JSONPathError] {
        let merged = ConfigTemplate(
            host.defaulted(type: metric.type, own: metric.config.json), path: "\(metric.path).config")
        let verdict = await host.validate(type: metric.type, config: merged.filledWithStandIns())
        // What it says of a stand-in means nothing; what it says of the rest may be due to one.
        let problems = verdict.problems(metric: metric.path).filter { !merged.isReference($0.path) }
        guard !merged.places.isEmpty else { return problems }
        return problems.map {
            JSONPathError(path: $0.path, message: "\($0.message) (checked with stand-ins for the values from Secrets)")
        }
    }
}
