/// The host cannot be set up: what is wrong, where, and what to do.
package struct PluginHostError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
