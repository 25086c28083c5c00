/// A text that must not be printed: it prints as `***`, also inside other values and in dumps.
package struct SecretString: Sendable, Hashable {
    /// The plain text. Use it only to send the secret.
    package let revealed: String

    package init(_ revealed: String) {
        self.revealed = revealed
    }
}

extension SecretString: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "***" }
    package var debugDescription: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
