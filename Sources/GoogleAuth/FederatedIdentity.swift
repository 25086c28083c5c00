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

    package init(provider: String, token: Secret, serviceAccount: String?) {
        self.provider = provider
        self.token = token
        self.serviceAccount = serviceAccount
    }

    /// Returns the problems of the fields of a config.
    package static func problems(provider: String?, token: Secret?, serviceAccount: String?) -> [ConfigProblem] {
        var problems: [ConfigProblem] = []
        func add(_ path: String, _ message: String) { problems.append(ConfigProblem(path: path, message: message)) }

        if (provider == nil) != (token == nil) {
            add("", "must have both of workloadIdentityProvider and token, or neither")
        }
        if let provider, !isProvider(provider) {
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
            if !isAccount(serviceAccount) {
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
