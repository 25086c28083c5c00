/// The reason why a text is not a query, and the place of it.
package struct JSONPathSyntaxError: Error, Hashable, CustomStringConvertible {
    package let message: String
    /// The character that shows it, from 1.
    package let position: Int

    package var description: String { "\(message) (at character \(position))" }
}
