import PluginSDK
import SourceSupport

struct SASLConfig: MetricConfig {
    enum Mechanism: String, CaseIterable, ConfigValue {
        case plain = "PLAIN"
        case scramSHA256 = "SCRAM-SHA-256"
        case scramSHA512 = "SCRAM-SHA-512"
        case oauthBearer = "OAUTHBEARER"
    }

    @Field("`PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512` or `OAUTHBEARER`, as the brokers have it.")
    var mechanism: Mechanism

    @Field("Name of the user; required unless the mechanism is `OAUTHBEARER`.")
    var username: String?

    @Field("The user's password; required unless the mechanism is `OAUTHBEARER`.")
    var password: Secret?

    @Field("The access token of `OAUTHBEARER`.")
    var token: Secret?

    func validate() -> [ConfigProblem] {
        var problems: [ConfigProblem] = []
        func add(_ path: String, _ message: String) { problems.append(ConfigProblem(path: path, message: message)) }

        let hasToken = mechanism == .oauthBearer
        for (path, isSet, isForToken) in [
            ("username", username != nil, false), ("password", password != nil, false), ("token", token != nil, true),
        ] {
            if isSet, isForToken != hasToken { add(path, "is not for \(mechanism.rawValue); remove it") }
            if !isSet, isForToken == hasToken { add(path, "is required for \(mechanism.rawValue)") }
        }
        for (path, text) in [("username", username), ("password", password?.reveal()), ("token", token?.reveal())]
        where text?.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) == true {
            add(path, "must not contain control characters")
        }
        return problems
    }
}
