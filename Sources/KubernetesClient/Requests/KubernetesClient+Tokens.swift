import FoundationEssentials
import WireFormats

extension ResourceKind {
    package static let serviceAccount = ResourceKind(
        group: "", version: "v1", kind: "ServiceAccount", plural: "serviceaccounts")
}

/// A token that the API server has issued for a ServiceAccount.
package struct IssuedToken: Sendable {
    package let text: SecretString
    /// The end of its lifetime, in microseconds since 1970.
    package let expiresAt: Int64
}

extension KubernetesClient {
    /// Asks for a token of a ServiceAccount (`TokenRequest`, authentication.k8s.io/v1).
    ///
    /// - Parameter audience: nil for that of the API server.
    package func issueToken(
        _ account: ObjectKey, audience: String?, expirationSeconds: Int, deadline: Duration
    ) async throws(KubernetesError) -> IssuedToken {
        var call = try APICall(
            .create, .serviceAccount, namespace: account.namespace, name: account.name, subresource: "token")
        call.body = [
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
            "spec": [
                "audiences": .array([audience].compactMap(\.self).map(JSON.string)),
                "expirationSeconds": .integer(Int64(expirationSeconds)),
            ],
        ]
        call.deadline = deadline
        let status = try await json(call)["status"]
        guard let text = status?["token"]?.stringValue, !text.isEmpty,
            let expiry = status?["expirationTimestamp"]?.stringValue.flatMap(RFC3339.microseconds)
        else { throw KubernetesError(.malformedAnswer, "the answer has no token with an expirationTimestamp") }
        return IssuedToken(text: SecretString(text), expiresAt: expiry)
    }

    /// The ServiceAccount as which this client calls the API server; nil if it calls as another user.
    package func ownServiceAccount() async throws(KubernetesError) -> ObjectKey? {
        guard let header = try await credentials.current().authorization?.revealed else { return nil }
        return ServiceAccountToken.account(of: header.split(separator: " ").last ?? "")
    }
}

/// Reads the claims of a ServiceAccount's token without verifying it.
package enum ServiceAccountToken {
    private static let subjectPrefix = "system:serviceaccount:"

    /// Returns nil if the text is not a JWT of a ServiceAccount.
    package static func account(of token: some StringProtocol) -> ObjectKey? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        var text = String(parts[1].map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        text += String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: text), let claims = try? JSON(parsing: data),
            let subject = claims["sub"]?.stringValue, subject.hasPrefix(subjectPrefix)
        else { return nil }
        let names = subject.dropFirst(subjectPrefix.count).split(separator: ":", omittingEmptySubsequences: false)
        guard names.count == 2 else { return nil }
        return ObjectKey(namespace: String(names[0]), name: String(names[1]))
    }
}
