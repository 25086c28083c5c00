import GoogleAuth
import PluginSDK
import SourceSupport

struct PubSubConfig: MetricConfig {
    enum Metric: String, CaseIterable, ConfigValue {
        case undelivered
        case oldestUnackedAge
        case backlogBytes
    }

    enum Aggregation: String, CaseIterable, ConfigValue {
        case sum
        case avg
        case min
        case max
    }

    static let googleEndpoint = "https://monitoring.googleapis.com"

    @Field(
        "The subscription's id, such as `orders-worker`, or its full name `projects/shop/subscriptions/orders-worker`.")
    var subscription: String

    @Field("The project ID; omit it if `subscription` is a full name.")
    var project: String?

    @Field(
        """
        `undelivered`: messages not yet acknowledged; `oldestUnackedAge`: age in seconds of the oldest of them; \
        `backlogBytes`: their size.
        """)
    var metric = Metric.undelivered

    @Field("How far back to look for the newest point, such as `5m`; from 5 minutes to 24 hours.")
    var window = "5m"

    @Field("How to combine several series, one per region, into one value. Default: `max` for an age, else `sum`.")
    var aggregation: Aggregation?

    @Field(
        """
        Key of a Google service account, as JSON text. Default: the operator's own credentials, for \
        example workload identity.
        """)
    var credentials: Secret?

    let federation = FederationFields()

    @Field("Base URL of the Monitoring API, for tests and emulators.", isAddress: true)
    var endpoint = Self.googleEndpoint

    @Field(
        "URL of the token endpoint, for tests and emulators. Default: the one in the credentials.",
        isAddress: true)
    var tokenEndpoint: String?

    /// Whether the operator's own credentials are used.
    var isOperators: Bool { credentials == nil && federation.token == nil }

    /// The field at fault if Google refuses the account.
    var credentialsField: String { federation.token == nil ? "credentials" : "token" }

    func validate() -> [ConfigProblem] {
        var problems: [ConfigProblem] = []
        func add(_ path: String, _ message: String) { problems.append(ConfigProblem(path: path, message: message)) }

        switch SubscriptionName.parse(self) {
        case .success: break
        case .failure(let problem): problems.append(problem)
        }
        if windowSeconds == nil { add("window", "must be from 5m to 24h, such as 300s, 10m or 1h") }
        for (path, url, isGoogles) in [
            ("endpoint", endpoint, GoogleHosts.canGetToken(endpoint)),
            ("tokenEndpoint", tokenEndpoint, tokenEndpoint.map { GoogleHosts.canGiveTokens($0) } ?? true),
        ] {
            if let fault = url.flatMap(BaseURL.fault) {
                add(path, fault.message)
            } else if isOperators, !isGoogles {
                add(
                    path,
                    "is not Google's, and the operator's own credentials are not sent to other addresses: set credentials"
                )
            }
        }
        if federation.token != nil {
            if credentials != nil { add("token", "is used in place of credentials; remove one of them") }
            if tokenEndpoint != nil {
                add("tokenEndpoint", "is not used with token, which goes to Google only; remove it")
            }
        }
        if let credentials {
            do throws(CredentialFault) {
                _ = try SignedAssertion.signer(
                    try ServiceAccountKey(ofResource: credentials, tokenEndpoint: tokenEndpoint))
            } catch {
                add("credentials", error.message)
            }
        }
        return problems
    }

    /// The window in seconds; nil if `window` is malformed.
    var windowSeconds: Int? {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3_600]
        guard let unit = window.last.flatMap({ units[$0] }), let count = UInt32(window.dropLast()) else { return nil }
        let seconds = Int(count) * unit
        return PubSubLimits.windowSeconds.contains(seconds) ? seconds : nil
    }
}

/// A subscription and its project.
struct SubscriptionName: Hashable, Sendable {
    let project: String
    let id: String

    private init(project: String, id: String) {
        self.project = project
        self.id = id
    }
}

extension SubscriptionName {
    static func parse(_ config: PubSubConfig) -> Result<SubscriptionName, ConfigProblem> {
        func problem(_ path: String, _ message: String) -> Result<SubscriptionName, ConfigProblem> {
            .failure(ConfigProblem(path: path, message: message))
        }
        let parts = config.subscription.split(separator: "/", omittingEmptySubsequences: false)
        let project: String
        let id: String
        if parts.count == 1 {
            guard let named = config.project else {
                return problem("project", "is required, unless subscription is a full name")
            }
            (project, id) = (named, config.subscription)
        } else {
            guard parts.count == 4, parts[0] == "projects", parts[2] == "subscriptions" else {
                return problem("subscription", "must be an id, or projects/PROJECT/subscriptions/ID")
            }
            (project, id) = (String(parts[1]), String(parts[3]))
            if let named = config.project, named != project {
                return problem("project", "differs from the project in subscription; remove it")
            }
        }
        guard isName(project, more: "-.:") else {
            return problem(parts.count == 1 ? "project" : "subscription", "names no project")
        }
        guard isName(id, more: "-._~+%") else {
            return problem("subscription", "contains a character that is not allowed in a subscription's id")
        }
        return .success(SubscriptionName(project: project, id: id))
    }

    /// Returns whether the text is a name without characters that could end it in a URL or a filter.
    private static func isName(_ text: String, more: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 255
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || more.contains($0)) }
    }
}
