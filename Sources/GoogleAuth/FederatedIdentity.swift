package import PluginSDK
import SourceSupport

/// An identity of another provider that a workload identity pool trusts, in a resource.
///
/// Its token goes to Google only: unlike an ``ExternalAccount``, it names no address.
package struct FederatedIdentity: Sendable, Hashable {
    let provider: String
    let token: Secret
    /// The e-mail address of the account to impersonate.
    let serviceAccount: String?
}

/// The fields of a config for a ``FederatedIdentity``.
package struct FederationFields: MetricConfig {
    @Field(
        """
        Provider of a workload identity pool, which exchanges `token`, in place of `credentials`: \
        `//iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`.
        """)
    package var workloadIdentityProvider: String?

    @Field("A token that the provider trusts, such as one of a ServiceAccount for the provider's audience.")
    package var token: Secret?

    @Field("E-mail address of a Google service account to impersonate with the exchanged token.")
    package var serviceAccount: String?

    package init() {}

    /// The identity that `token` proves; nil if the config has none.
    package var identity: FederatedIdentity? {
        guard let workloadIdentityProvider, let token else { return nil }
        return FederatedIdentity(provider: workloadIdentityProvider, token: token, serviceAccount: serviceAccount)
    }

    package func validate() -> [ConfigProblem] {
        var problems: [ConfigProblem] = []
        func add(_ path: String, _ message: String) { problems.append(ConfigProblem(path: path, message: message)) }

        if (workloadIdentityProvider == nil) != (token == nil) {
            add("", "must have both of workloadIdentityProvider and token, or neither")
        }
        if let workloadIdentityProvider, !Self.isProvider(workloadIdentityProvider) {
            add(
                "workloadIdentityProvider",
                "must be //iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER"
            )
        }
        if let token, !AccessToken.isToken(token.reveal()) {
            add("token", "must not be empty or contain a blank or a control character")
        }
        if let serviceAccount {
            if token == nil { add("serviceAccount", "is used only with token; remove it") }
            if !Self.isAccount(serviceAccount) {
                add("serviceAccount", "must be an e-mail address, such as scaler@shop.iam.gserviceaccount.com")
            }
        }
        return problems
    }

    private static func isProvider(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let names = [
            "", "", "iam.googleapis.com", "projects", nil, "locations", nil, "workloadIdentityPools", nil, "providers",
            nil,
        ]
        return parts.count == names.count
            && zip(parts, names).allSatisfy { part, name in
                name.map { part == $0 }
                    ?? (!part.isEmpty && part.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") })
            }
    }

    private static func isAccount(_ text: String) -> Bool {
        text.split(separator: "@", omittingEmptySubsequences: false).count == 2 && !text.hasPrefix("@")
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "@.-_".contains($0)) }
    }
}
