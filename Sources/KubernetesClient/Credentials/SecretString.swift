/// A text that must not be printed: it prints as `***`, also inside other values and in dumps.
package struct SecretString: Sendable, Hashable {
    /// The plain text. Use it only to send the secret.
    package let revealed: String

    package init(_ revealed: String) {
        self.revealed = revealed
    }

    /// Returns whether the secret is this text, in a time that does not depend on where they differ.
    package func isEqual(_ text: String) -> Bool {
        guard text.utf8.count == revealed.utf8.count else { return false }
        var difference: UInt8 = 0
        for (one, other) in zip(text.utf8, revealed.utf8) { difference |= one ^ other }
        return difference == 0
    }
}

extension SecretString: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "***" }
    package var debugDescription: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
