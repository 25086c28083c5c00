/// The reason why there is no complete response.
package struct HTTPError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: String, Sendable, Hashable {
        case invalidRequest, nameLookup, connect, tls, deadline, bodyTooLarge, connectionLost, cancelled, shutDown
    }

    package let kind: Kind
    /// The failure and the host; never a header, a body or the URL's user information.
    package let message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package var description: String { "\(kind.rawValue): \(message)" }
}
