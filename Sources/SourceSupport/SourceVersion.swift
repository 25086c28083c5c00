import PluginProtocol

package enum SourceVersion {
    /// The version of this package's sources in the handshake.
    package static let current = ProjectVersion.current
}
