package import WireFormats

/// A metric's config for its plugin, with the operator's defaults and the values of Secrets.
///
/// Printed, interpolated or dumped, it appears as `***`.
package struct PluginConfig: Sendable, Hashable {
    /// The config as a JSON object.
    package let json: JSON
    /// The values from Secrets: redacted from everything that the plugin writes, regardless of its schema.
    package let secrets: Set<String>
    /// The members that came from the administrator's `defaults`. Part of the config's identity, because it determines
    /// what the caller may see.
    package let inherited: Set<String>

    package init(_ json: JSON, secrets: Set<String> = [], inherited: Set<String> = []) {
        self.json = json
        self.secrets = secrets
        self.inherited = inherited
    }
}

/// A metric's own config merged over the administrator's `defaults`.
package struct DefaultedConfig: Sendable, Hashable {
    package let json: JSON
    /// The members that came from the defaults.
    package let inherited: Set<String>

    /// - Parameter withheld: the names of defaults to omit.
    package init(_ own: JSON, defaults: [String: JSON], withheld: Set<String> = []) {
        let members = own.objectValue ?? [:]
        let taken = defaults.filter { members[$0.key] == nil && !withheld.contains($0.key) }
        json = .object(taken.merging(members) { $1 })
        inherited = Set(taken.keys)
    }
}

extension PluginConfig: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "***" }
    package var debugDescription: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
