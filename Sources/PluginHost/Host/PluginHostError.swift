/// An error in the setup of the host, with its location and fix.
package struct PluginHostError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
