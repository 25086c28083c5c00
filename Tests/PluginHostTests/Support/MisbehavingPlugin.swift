import TestSupport

/// The misbehaving plugin (Tests/Fixtures/MisbehavingPlugin).
enum MisbehavingPlugin {
    static var path: String { BuiltExecutable.path("misbehaving-plugin") }

    /// Returns a manifest with the plugin `bad`, which has that violation, and the plugin `good`, which has none.
    static func manifest(violation: String) -> String {
        """
        plugins:
          bad: {argv: [\(path), --violation, \(violation), --type, bad]}
          good: {argv: [\(path), --type, good]}
        """
    }
}
