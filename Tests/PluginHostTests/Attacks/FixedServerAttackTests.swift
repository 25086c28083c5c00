import PluginProtocol
import Testing
import WireFormats

@testable import PluginHost

/// The texts of a plugin whose server and credential only the administrator sets.
@Suite("Texts of a source with a fixed address")
struct FixedServerAttackTests {
    private static func marks(addressFrom: JSON? = "defaults", tokenFrom: JSON? = "defaults") -> MetricMarks {
        func field(_ mark: String, _ from: JSON?) -> JSON {
            var field: [String: JSON] = ["type": "string", mark: true]
            field["x-from"] = from
            return .object(field)
        }
        return MetricMarks(
            MetricTypeDescription(
                type: "t", description: "",
                configSchema: [
                    "type": "object",
                    "properties": [
                        "address": field("x-address", addressFrom), "token": field("x-secret", tokenFrom),
                        "password": ["type": "string", "x-secret": true],
                    ],
                ], defaultTargetType: .value))
    }

    private static let token = String(repeating: "eyJh.", count: 30)

    private static func config(_ token: String = token, _ more: [String: JSON] = [:]) -> PluginConfig {
        let members: [String: JSON] = ["address": "https://api", "token": .string(token)]
        return PluginConfig(
            .object(members.merging(more) { $1 }), secrets: [token], inherited: ["address", "token", "password"])
    }

    private static func text(_ message: String, _ config: PluginConfig, _ marks: MetricMarks) -> String {
        let failure = PluginFailure.answered(PluginError(.notFound, message), plugin: "t", logMessage: "")
        switch CallTexts(plugin: "t", config: config, marks: marks).shown(.failure(failure)) {
        case .failure(let shown): return shown.message
        case .success: return ""
        }
    }

    @Test("a token that cannot be guessed leaves the message visible, and is redacted in it")
    func visible() {
        let shown = Self.text("no metric x, token \(Self.token)", Self.config(), Self.marks())
        #expect(shown.contains("no metric x, token ***"))
        #expect(!shown.contains("eyJh"))
    }

    @Test("a secret that could be guessed hides the message")
    func guessable() {
        let shown = Self.text("no metric x", Self.config("t0ps3cret"), Self.marks())
        #expect(!shown.contains("no metric x"))
    }

    @Test("another secret of the defaults hides the message")
    func other() {
        let config = Self.config(Self.token, ["password": .string(Self.token)])
        #expect(!Self.text("no metric x", config, Self.marks()).contains("no metric x"))
    }

    @Test("a server that a user can choose hides the message")
    func chosenServer() {
        #expect(!Self.text("no metric x", Self.config(), Self.marks(addressFrom: nil)).contains("no metric x"))
        #expect(!Self.text("no metric x", Self.config(), Self.marks(tokenFrom: nil)).contains("no metric x"))
    }
}
