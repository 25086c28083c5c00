package import KubernetesClient
package import ScalerAPI

/// Gives the values of Secrets. ``SecretStore`` is the real one.
package protocol SecretSource: Sendable {
    /// Returns the value; nil if it is optional and missing.
    func value(
        of reference: SecretReference, namespace: String, _ freshness: SecretFreshness
    ) async throws(SecretProblem) -> SecretString?
}

/// The maximum age of a value.
package enum SecretFreshness: Sendable {
    /// As old as the store keeps it.
    case cached
    /// A few seconds: someone has just changed something.
    case recent
}

/// The reason why a value of a Secret cannot be used, in words that say what to do. Holds no value.
package struct SecretProblem: Error, Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// There is no such Secret, or no such key in it.
        case notFound
        /// It does not say that GeneralScalers may use it.
        case notReadable
        /// The operator has no right to it.
        case forbidden
        /// It is not text.
        case invalid
        /// The API server did not tell.
        case unavailable
    }

    package let kind: Kind
    package let message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}

extension Blocker {
    /// - Parameter path: of the field that the value is for.
    init(_ problem: SecretProblem, path: String) {
        let reason: Reason =
            switch problem.kind {
            case .notFound: .secretNotFound
            case .notReadable: .secretNotReadable
            case .forbidden: .secretForbidden
            case .invalid: .secretInvalid
            case .unavailable: .secretUnavailable
            }
        self.init(reason, "\(path): \(problem.message)")
    }
}
