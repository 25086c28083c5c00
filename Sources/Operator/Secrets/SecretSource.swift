package import KubernetesClient
package import ScalerAPI

/// A source of referenced values. ``SecretStore`` is the production implementation.
package protocol SecretSource: Sendable {
    /// Returns the value; nil if it is optional and missing.
    ///
    /// - Parameter namespace: the namespace of the GeneralScaler.
    func value(
        of reference: ValueReference, namespace: String, _ freshness: SecretFreshness
    ) async throws(SecretProblem) -> SecretString?
}

/// The maximum age of a value.
package enum SecretFreshness: Sendable {
    /// As old as the store allows.
    case cached
    /// A few seconds, for use after a change.
    case recent
}

/// The reason why a referenced value cannot be used, with the fix. Contains no value.
package struct SecretProblem: Error, Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// The Secret or the key does not exist.
        case notFound
        /// The Secret is not labelled for use by GeneralScalers.
        case notReadable
        /// The operator has no permission to read the Secret.
        case forbidden
        /// The value is not text.
        case invalid
        /// The API server did not answer.
        case unavailable
        /// There is no token for the ServiceAccount.
        case noToken
    }

    package let kind: Kind
    package let message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}

extension Blocker {
    /// - Parameter path: the path of the field for the value.
    init(_ problem: SecretProblem, path: String) {
        let reason: Reason =
            switch problem.kind {
            case .notFound: .secretNotFound
            case .notReadable: .secretNotReadable
            case .forbidden: .secretForbidden
            case .invalid: .secretInvalid
            case .unavailable: .secretUnavailable
            case .noToken: .tokenUnavailable
            }
        self.init(reason, "\(path): \(problem.message)")
    }
}
