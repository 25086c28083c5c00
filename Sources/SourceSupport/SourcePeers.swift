import FoundationEssentials
package import HTTPTransport

/// The servers that the sources connect to.
package enum SourcePeers {
    /// Names the networks that the administrator allows, with blanks between them. The host sets it from
    /// `allowedNetworks` in plugins.yaml.
    static let networksVariable = "GENERALSCALER_ALLOWED_NETWORKS"

    /// The rule of this process.
    package static let rule = rule(of: ProcessInfo.processInfo.environment)

    static func rule(of environment: [String: String]) -> PeerRule {
        PeerRule(
            networks: environment[networksVariable]?.split(separator: " ").map(String.init),
            setting: "allowedNetworks of this plugin in plugins.yaml")
    }
}
