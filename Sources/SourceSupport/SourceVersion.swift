import PluginProtocol

package enum SourceVersion {
    /// What the sources of this package say of themselves in the handshake.
    package static let current = ProjectVersion.current
}
