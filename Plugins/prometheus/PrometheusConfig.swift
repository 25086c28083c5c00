import AWSAuth
import PluginSDK
import SourceSupport

struct PrometheusConfig: MetricConfig {
    enum Method: String, CaseIterable, ConfigValue {
        case post = "POST"
        case get = "GET"
    }

    enum Aggregation: String, CaseIterable, ConfigValue {
        case single
        case avg
        case sum
        case min
        case max
    }

    enum OnEmpty: String, CaseIterable, ConfigValue {
        case error
        case zero
    }

    @Field(
        """
        Base URL of the server, such as `http://prometheus.monitoring:9090`, including its path prefix, if any. \
        An administrator can set it for all scalers in `plugins.yaml`.
        """,
        isAddress: true)
    var address: String

    @Field("The PromQL query; it is evaluated at the time of the call.")
    var query: String

    @Field("How to combine several series into one value. Default: `avg` for Value; an error for AverageValue.")
    var aggregation: Aggregation?

    @Field("What an empty result means: `error` (no data), or `zero`, the value 0 with a warning.")
    var onEmpty = OnEmpty.error

    @Field("Whether a result with warnings (a partial result) counts as no data.")
    var failOnWarnings = false

    @Field("Additional parameters of the query request, such as `dedup: \"true\"` for Thanos.")
    var parameters: [String: String] = [:]

    @Field("Additional HTTP headers, such as `X-Scope-OrgID` for Mimir. Their values are kept secret.")
    var headers: [String: Secret] = [:]

    @Field("The HTTP method. GET puts the query into the URL, for proxies that refuse POST.")
    var method = Method.post

    @Field("Timeout of the query in seconds; the call's own deadline always applies.", minimum: 0.1, maximum: 300)
    var timeoutSeconds: Double?

    @Field("Credentials: exactly one of `bearer`, `basic`, `sigv4` and `googleMetadata`.")
    var auth: PrometheusAuth?

    @Field("How to verify the server, and the client's certificate.")
    var tls: TLSConfig?

    func validate() -> [ConfigProblem] {
        var problems: [ConfigProblem] = []
        if let message = Self.fault(ofAddress: address) {
            problems.append(ConfigProblem(path: "address", message: message))
        }
        for name in parameters.keys.sorted() where ["query", "time", "timeout"].contains(name) {
            problems.append(ConfigProblem(path: "parameters.\(name)", message: "is set by the plugin; remove it"))
        }
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
            if let message = fault(ofHeader: name, value) {
                problems.append(ConfigProblem(path: "headers.\(name)", message: message))
            }
        }
        if auth?.googleMetadata != nil, !GoogleHosts.canGetToken(address) {
            problems.append(
                ConfigProblem(
                    path: "auth.googleMetadata",
                    message:
                        "needs an address of https://*.\(GoogleHosts.universe): the operator's own token is not sent to other addresses"
                )
            )
        }
        return problems
    }

    private static func fault(ofAddress address: String) -> String? {
        guard let fault = BaseURL.fault(of: address) else { return nil }
        return switch fault {
        case .queryOrFragment: "\(fault.message): further parameters go into `parameters`"
        case .user: "\(fault.message): use auth.basic"
        case .scheme, .characters, .noHost, .host, .port: fault.message
        }
    }

    private func fault(ofHeader name: String, _ value: Secret) -> String? {
        let token = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard token, !name.isEmpty else { return "is not a header name: use letters, digits, - and _" }
        let lowercased = name.lowercased()
        guard !["content-type", "content-length", "transfer-encoding", "host", "accept"].contains(lowercased) else {
            return "is set by the plugin; remove it"
        }
        if ["authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"].contains(lowercased),
            auth != nil
        {
            return "is set by auth; remove one of the two"
        }
        guard value.reveal().utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            return "contains a control character, such as a newline: remove it"
        }
        return nil
    }
}

struct PrometheusAuth: MetricConfig {
    struct SigV4: SigV4Fields {
        @Field("The AWS region, such as `eu-west-1`.")
        var region: String

        @Field("The service that requests are signed for: `aps` is Amazon Managed Service for Prometheus.")
        var service = "aps"

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

    /// The options of `googleMetadata`: none, because the service account is that of the workload.
    struct GoogleMetadata: MetricConfig {}

    @Field("A bearer token: exactly one of `token` and `tokenFile`.")
    var bearer: BearerAuth?

    @Field("A user's name and password.")
    var basic: BasicAuth?

    @Field("Sign the requests for AWS (Signature Version 4).", marks: .operatorIdentity)
    var sigv4: SigV4?

    // The address names the project: any that the operator's account may read.
    @Field(
        """
        The token of the workload's own Google service account, from the metadata server: `{}`. It is used only with \
        addresses that the operator's `plugins.yaml` names for it.
        """, marks: .operatorIdentity)
    var googleMetadata: GoogleMetadata?

    func validate() -> [ConfigProblem] {
        if [bearer != nil, basic != nil, sigv4 != nil, googleMetadata != nil].count(where: \.self) != 1 {
            return [
                ConfigProblem(path: "", message: "must have exactly one of bearer, basic, sigv4 and googleMetadata")
            ]
        }
        if basic?.username.contains(":") == true {
            return [ConfigProblem(path: "basic.username", message: "must not contain a colon")]
        }
        return []
    }
}
