import PluginSDK
import SourceSupport

struct SASLConfig: MetricConfig {
    enum Mechanism: String, CaseIterable, ConfigValue {
        case plain = "PLAIN"
        case scramSHA256 = "SCRAM-SHA-256"
        case scramSHA512 = "SCRAM-SHA-512"
        case oauthBearer = "OAUTHBEARER"
    }

    @Field("`PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512` or `OAUTHBEARER`, as configured on the brokers.")
    var mechanism: Mechanism

    @Field("Name of the user, for `PLAIN` and SCRAM.")
    var username: String?

    @Field("The user's password, for `PLAIN` and SCRAM.")
    var password: Secret?

    @Field("The access token, for `OAUTHBEARER`, such as a token of a ServiceAccount.")
    var token: Secret?

    func validate() -> [ConfigProblem] {
        let isToken = mechanism == .oauthBearer
        let fields = [
            ("username", username, !isToken), ("password", password?.reveal(), !isToken),
            ("token", token?.reveal(), isToken),
        ]
        return fields.compactMap { path, text, isUsed in
            switch (text, isUsed) {
            case (nil, true):
                ConfigProblem(path: path, message: "is required with the mechanism \(mechanism.rawValue)")
            case (.some, false):
                ConfigProblem(path: path, message: "is not used with the mechanism \(mechanism.rawValue); remove it")
            case (let text?, true) where text.isEmpty || text.utf8.contains { $0 < 0x20 || $0 == 0x7F }:
                ConfigProblem(path: path, message: "must not be empty or contain control characters")
            case (let text?, true) where isToken && !AccessToken.isToken(text):
                ConfigProblem(path: path, message: "must not contain a blank or a character beyond ASCII")
            default: nil
            }
        }
    }
}
