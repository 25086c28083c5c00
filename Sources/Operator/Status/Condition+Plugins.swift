import PluginHost
import ScalerAPI

extension Condition {
    /// - Parameter unhealthy: the scaler's unhealthy plugins.
    static func plugins(unhealthy: [PluginHealth]) -> Condition {
        guard let first = unhealthy.first else {
            return Condition(.pluginsHealthy, .true, "PluginsUp", "The plugins of all metrics are up.")
        }
        let names = unhealthy.map(\.name).joined(separator: ", ")
        let why = first.lastFailure.map { ": \($0)" } ?? ""
        return Condition(.pluginsHealthy, .false, "PluginDown", "Not up: \(names)\(why)")
    }
}
