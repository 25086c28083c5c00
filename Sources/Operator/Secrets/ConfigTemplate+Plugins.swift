import KubernetesClient
package import PluginHost
package import ScalerAPI
import WireFormats

extension ConfigTemplate {
    /// Returns the config with these values filled in; a field without a value is omitted.
    func filled(_ values: [ValueReference: SecretString]) -> PluginConfig {
        guard !places.isEmpty else { return PluginConfig(json, inherited: inherited) }
        let used = places.compactMap { values[$0.reference]?.revealed }
        return PluginConfig(filled { values[$0]?.revealed }, secrets: Set(used), inherited: inherited)
    }

    /// Returns the config with placeholders for references, for a check without access to them. A plugin's message about a
    /// placeholder is meaningless. It begins like PEM: any other text in a field for a certificate or key would count as
    /// the path of a file.
    package func filledWithStandIns() -> PluginConfig {
        PluginConfig(filledEverywhere(with: "-----BEGIN-value-of-a-secret"), inherited: inherited)
    }
}
