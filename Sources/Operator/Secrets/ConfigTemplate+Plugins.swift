import KubernetesClient
package import PluginHost
package import ScalerAPI
import WireFormats

extension ConfigTemplate {
    /// - Parameter path: the config's own, such as `spec.metrics[0].config`.
    package init(_ config: DefaultedConfig, path: String) {
        self.init(config.json, path: path, inherited: config.inherited)
    }

    /// The config with these values in their places; a place without a value is left out.
    func filled(_ values: [SecretReference: SecretString]) -> PluginConfig {
        guard !places.isEmpty else { return PluginConfig(json, inherited: inherited) }
        let used = places.compactMap { values[$0.reference]?.revealed }
        return PluginConfig(filled { values[$0]?.revealed }, secrets: Set(used), inherited: inherited)
    }

    /// The config where there is no Secret to read. What a plugin says of a stand-in means nothing.
    package func filledWithStandIns() -> PluginConfig {
        PluginConfig(filled { _ in "value-of-a-secret" }, inherited: inherited)
    }
}
