package import WireFormats

/// A metric's config as its plugin gets it: the operator's defaults merged in, and the values of Secrets filled in.
///
/// However it is printed, interpolated or dumped, it reads `***`.
package struct PluginConfig: Sendable, Hashable {
    /// A JSON object.
    package let json: JSON
    /// The values in it that came from Secrets: redacted from everything that the plugin writes, regardless of its
    /// schema.
    package let secrets: Set<String>
    /// The members that came from the administrator's `defaults`. Two configs that are the same but for this are not
    /// the same: what their callers may see differs.
    package let inherited: Set<String>

    package init(_ json: JSON, secrets: Set<String> = [], inherited: Set<String> = []) {
        self.json = json
        self.secrets = secrets
        self.inherited = inherited
    }
}

/// A metric's own config over the administrator's `defaults`.
package struct DefaultedConfig: Sendable, Hashable {
    package let json: JSON
    /// The members that came from the defaults.
    package let inherited: Set<String>

    /// - Parameter withheld: names of defaults that this config does not get.
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
