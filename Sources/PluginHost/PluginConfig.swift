package import WireFormats

/// A metric's config as its plugin gets it: the operator's defaults merged in, and the values of Secrets filled in.
///
/// However it is printed, interpolated or dumped, it reads `***`.
package struct PluginConfig: Sendable, Hashable {
    /// A JSON object.
    package let json: JSON
    /// The values in it that came from Secrets: struck out of whatever the plugin writes, whatever its schema says.
    package let secrets: Set<String>

    package init(_ json: JSON, secrets: Set<String> = []) {
        self.json = json
        self.secrets = secrets
    }
}

extension PluginConfig: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "***" }
    package var debugDescription: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
