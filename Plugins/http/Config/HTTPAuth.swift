import AWSAuth
import GoogleAuth
import PluginSDK
import SourceSupport

struct HTTPAuth: MetricConfig {
    /// The client credentials grant (RFC 6749, section 4.4).
    struct OAuth2: MetricConfig {
        @Field("URL of the token endpoint.", isAddress: true)
        var tokenURL: String

        @Field("The client's ID.")
        var clientID: String

        @Field("The client's secret. Both are sent as HTTP Basic credentials.")
        var clientSecret: Secret

        @Field("Scopes to request, separated by spaces.")
        var scope: String?

        @Field("Additional parameters of the token request, such as `audience`.")
        var parameters: [String: String] = [:]

        @Field("How to verify the token endpoint, and the client's certificate for it.")
        var tls: TLSConfig?

        func validate() -> [ConfigProblem] {
            var problems: [ConfigProblem] = []
            if let fault = BaseURL.fault(of: tokenURL) {
                problems.append(ConfigProblem(path: "tokenURL", message: fault.message))
            }
            for name in parameters.keys.sorted()
            where ["grant_type", "scope", "client_id", "client_secret"].contains(name) {
                problems.append(
                    ConfigProblem(path: "parameters.\(name)", message: "is set by the plugin; remove it"))
            }
            return problems
        }
    }

    struct SigV4: SigV4Fields {
        @Field("The AWS region, such as `eu-west-1`.")
        var region: String

        @Field("The service that requests are signed for, such as `sqs` or `monitoring` (CloudWatch).")
        var service: String

        @Field(
            """
            ID of an access key. Default: the operator's own credentials, which are used only with addresses \
            and services that the operator's `plugins.yaml` names for them.
            """)
        var accessKeyID: String?

        @Field("The secret access key.")
        var secretAccessKey: Secret?

        @Field("The session token, if the access key is temporary.")
        var sessionToken: Secret?

        @Field("ARN of a role to assume with `webIdentityToken`, in place of an access key.")
        var roleARN: String?

        @Field(
            """
            A token that the role trusts, such as one of a ServiceAccount for the audience `sts.amazonaws.com`. AWS's token \
            service in the region gives an access key for it.
            """)
        var webIdentityToken: Secret?
    }

    struct Google: MetricConfig {
        @Field(
            """
            Key of a Google service account, as JSON text. Default: the operator's own credentials, for example \
            workload identity, which are used only with addresses that the operator's `plugins.yaml` names for them.
            """)
        var credentials: Secret?

        @Field("Scope of the access token, as a URL.")
        var scope = TokenSource.platformScope

        let federation = FederationFields()

        /// Whether the operator's own credentials are used.
        var isOperators: Bool { credentials == nil && federation.token == nil }

        func validate() -> [ConfigProblem] {
            var problems: [ConfigProblem] = []
            if BaseURL.fault(of: scope) != nil {
                problems.append(ConfigProblem(path: "scope", message: "must be a URL"))
            }
            if credentials != nil, federation.token != nil {
                problems.append(
                    ConfigProblem(path: "token", message: "is used in place of credentials; remove one of them"))
            }
            guard let credentials else { return problems }
            do throws(CredentialFault) {
                _ = try SignedAssertion.signer(try ServiceAccountKey(ofResource: credentials, tokenEndpoint: nil))
            } catch {
                problems.append(ConfigProblem(path: "credentials", message: error.message))
            }
            return problems
        }
    }

    @Field("A user's name and password.")
    var basic: BasicAuth?

    @Field("A bearer token: exactly one of `token` and `tokenFile`.")
    var bearer: BearerAuth?

    @Field("An access token of OAuth 2, by the client credentials grant.")
    var oauth2: OAuth2?

    @Field("Sign the requests for AWS (Signature Version 4).", marks: .operatorIdentity)
    var sigv4: SigV4?

    // With any URL and method, the operator's own token would be a permission to do anything.
    @Field("An access token of a Google account: `{}` for the operator's own.", marks: .operatorIdentity)
    var google: Google?

    func validate() -> [ConfigProblem] {
        let kinds = [basic != nil, bearer != nil, oauth2 != nil, sigv4 != nil, google != nil]
        guard kinds.count(where: \.self) == 1 else {
            return [
                ConfigProblem(path: "", message: "must have exactly one of basic, bearer, oauth2, sigv4 and google")
            ]
        }
        if basic?.username.contains(":") == true {
            return [ConfigProblem(path: "basic.username", message: "must not contain a colon")]
        }
        return []
    }

    func googleFault(url: String) -> String? {
        guard let google, google.isOperators, !GoogleHosts.canGetToken(url) else { return nil }
        return "needs a url of https://*.\(GoogleHosts.universe): the operator's own token is sent nowhere else"
    }
}
