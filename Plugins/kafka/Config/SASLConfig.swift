import PluginSDK
import SourceSupport

struct SASLConfig: MetricConfig {
    enum Mechanism: String, CaseIterable, ConfigValue {
        case plain = "PLAIN"
        case scramSHA256 = "SCRAM-SHA-256"
        case scramSHA512 = "SCRAM-SHA-512"
    }

    @Field("`PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`, as configured on the brokers.")
    var mechanism: Mechanism

    @Field("Name of the user.")
    var username: String

    @Field("The user's password.")
    var password: Secret

    func validate() -> [ConfigProblem] {
        [("username", username), ("password", password.reveal())].filter { _, text in
            text.isEmpty || text.utf8.contains { $0 < 0x20 || $0 == 0x7F }
        }.map { path, _ in ConfigProblem(path: path, message: "must not be empty or contain control characters") }
    }
}
