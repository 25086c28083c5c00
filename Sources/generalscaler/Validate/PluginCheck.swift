import Operator
import PluginHost
import ScalerAPI
import WireFormats

/// Validates configs with the installed plugins, without a cluster and without reading sources.
struct PluginCheck {
    let host: PluginHost

    /// How often to wait for a plugin that crashed at its first start, which the host restarts.
    private static let secondChances = 4
    private static let secondChanceInterval: Duration = .seconds(1)

    /// Runs the plugins during the body.
    ///
    /// - Parameter types: the metric types that the body needs; nil for all.
    static func withPlugins<Value: Sendable>(
        of host: PluginHost, types: Set<String>?, _ body: (PluginCheck) async -> Value
    ) async -> Value {
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await host.run() }
            if let types { await host.untilStarted(offering: types) } else { await host.untilStarted() }
            for _ in 0..<secondChances where await isStartingAgain(types, host) {
                try? await Task.sleep(for: secondChanceInterval)
            }
            let value = await body(PluginCheck(host: host))
            // The plugins have no state, so they can be killed.
            group.cancelAll()
            return value
        }
    }

    /// Returns whether the plugin named after one of the types failed to start and is being restarted.
    private static func isStartingAgain(_ types: Set<String>?, _ host: PluginHost) async -> Bool {
        let missing = types?.filter { host.metricType($0) == nil }
        guard missing?.isEmpty != true else { return false }
        return await host.health().contains {
            missing?.contains($0.name) != false && [.starting, .backingOff].contains($0.state) && !$0.needsRepair
        }
    }

    /// Returns the reason why the plugin of a type is not running, without the note about its restart.
    private func failure(_ type: String) async -> String? {
        guard host.metricType(type) == nil else { return nil }
        return await host.health().first { $0.name == type && $0.state != .up }?.lastFailure
    }

    func problems(_ metric: ConfigToCheck) async -> [JSONPathError] {
        let path = "\(metric.path).config"
        let merged = host.template(
            type: metric.type, own: metric.config.json, targetValue: metric.targetValue, for: metric.scaler, path: path)
        if let failure = await failure(metric.type) {
            return [JSONPathError(path: "\(metric.path).type", message: failure)]
        }
        let verdict = await host.validate(type: metric.type, config: merged.filledWithStandIns())
        // Problems of placeholders are meaningless, and others may be due to one.
        let problems =
            host.filledFieldProblems(type: metric.type, own: metric.config.json, path: path)
            + verdict.problems(metric: metric.path).filter { !merged.isReference($0.path) }
        guard !merged.places.isEmpty else { return problems }
        return problems.map {
            JSONPathError(path: $0.path, message: "\($0.message) (checked with placeholders for values from Secrets)")
        }
    }
}
