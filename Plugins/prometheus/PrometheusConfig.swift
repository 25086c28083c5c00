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
        Base URL of the server, such as `http://prometheus.monitoring:9090`, with the path prefix where it has one. \
        An operator can set it for all scalers in `plugins.yaml`.
        """,
        isAddress: true)
    var address: String

    @Field("The PromQL query; it is evaluated at the time of the call.")
    var query: String

    @Field("How to make one value of several series. Left out: `avg` for Value, an error for AverageValue.")
    var aggregation: Aggregation?

    @Field("What an empty result means: `error` (no data), or `zero`, the value 0 with a warning.")
    var onEmpty = OnEmpty.error

    @Field("Whether an answer with warnings (a partial result) is no data.")
    var failOnWarnings = false

    @Field("Further parameters of the query request, such as `dedup: \"true\"` for Thanos.")
    var parameters: [String: String] = [:]

    @Field("Further HTTP headers, such as `X-Scope-OrgID` for Mimir. Their values are kept secret.")
    var headers: [String: Secret] = [:]

    @Field("The HTTP method. GET puts the query into the URL, for proxies that refuse POST.")
    var method = Method.post

    @Field("Seconds to wait for the answer; the call's own deadline holds in any case.", minimum: 0.1, maximum: 300)
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
            problems.append(ConfigProblem(path: "parameters.\(name)", message: "is set by the plugin: leave it out"))
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
                    message: "needs an address of https://*.googleapis.com: the operator's own token goes nowhere else")
            )
        }
        return problems
    }

    private static func fault(ofAddress address: String) -> String? {
        let scheme = ["http://", "https://"].first { address.lowercased().hasPrefix($0) }
        guard let scheme else { return "must be an http:// or https:// URL" }
        guard address.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return "must be ASCII without blanks: percent-encode the rest"
        }
        let rest = address.dropFirst(scheme.count)
        guard !rest.contains(where: { $0 == "?" || $0 == "#" }) else {
            return "must end before the ? or #: further parameters go into `parameters`"
        }
        let authority = rest.prefix { $0 != "/" }
        guard !authority.isEmpty else { return "must name a host" }
        guard !authority.contains("@") else { return "must not hold a user or password: use auth.basic" }
        return nil
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
            return "is set by the plugin: leave it out"
        }
        if ["authorization", "x-amz-date", "x-amz-security-token"].contains(lowercased), auth != nil {
            return "is set by auth: leave one of the two out"
        }
        guard value.reveal().utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            return "holds a control character, such as a newline: remove it"
        }
        return nil
    }
}

struct PrometheusAuth: MetricConfig {
    struct Bearer: MetricConfig {
        @Field("The token.")
        var token: Secret?

        @Field(
            """
            Path of a file that holds the token; read at every call, so it may rotate. The token goes only to addresses \
            that the operator's `plugins.yaml` names for it.
            """,
            marks: .credentialFile)
        var tokenFile: String?

        func validate() -> [ConfigProblem] {
            (token == nil) == (tokenFile == nil)
                ? [ConfigProblem(path: "", message: "must have exactly one of token and tokenFile")] : []
        }
    }

    struct Basic: MetricConfig {
        @Field("The user's name.")
        var username: String

        @Field("The user's password.")
        var password: Secret
    }

    struct SigV4: MetricConfig {
        @Field("The AWS region, such as `eu-west-1`.")
        var region: String

        @Field("The name of the service that the signature is for: `aps` is Amazon Managed Service for Prometheus.")
        var service = "aps"

        @Field(
            """
            Id of an access key. Left out, the credentials are the operator's own, which are used only with addresses \
            and services that the operator's `plugins.yaml` names for them.
            """)
        var accessKeyID: String?

        @Field("The secret of the access key.")
        var secretAccessKey: Secret?

        @Field("The session's token, where the access key is a temporary one.")
        var sessionToken: Secret?

        func validate() -> [ConfigProblem] {
            var problems: [ConfigProblem] = []
            for (path, text) in [("region", region), ("service", service)]
            where !text.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }) {
                problems.append(ConfigProblem(path: path, message: "has letters, digits and - only"))
            }
            if (accessKeyID == nil) != (secretAccessKey == nil) {
                problems.append(
                    ConfigProblem(path: "", message: "must have both of accessKeyID and secretAccessKey, or neither"))
            }
            if sessionToken != nil, accessKeyID == nil {
                problems.append(ConfigProblem(path: "sessionToken", message: "goes with accessKeyID: leave it out"))
            }
            return problems
        }
    }

    /// Has no fields: the workload's own service account is all there is to it.
    struct GoogleMetadata: MetricConfig {}

    @Field("A bearer token: exactly one of `token` and `tokenFile`.")
    var bearer: Bearer?

    @Field("A user's name and password.")
    var basic: Basic?

    @Field("Sign the requests for AWS (Signature Version 4).", marks: .operatorIdentity)
    var sigv4: SigV4?

    @Field("The token of the workload's own Google service account, from the metadata server: `{}`.")
    var googleMetadata: GoogleMetadata?

    func validate() -> [ConfigProblem] {
        if [bearer != nil, basic != nil, sigv4 != nil, googleMetadata != nil].count(where: \.self) != 1 {
            return [
                ConfigProblem(path: "", message: "must have exactly one of bearer, basic, sigv4 and googleMetadata")
            ]
        }
        if basic?.username.contains(":") == true {
            return [ConfigProblem(path: "basic.username", message: "must not hold a colon")]
        }
        return []
    }
}
