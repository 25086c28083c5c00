import Foundation
import Testing

@testable import PluginSDK

@Suite struct SecretTests {
    private let secret = Secret("canary")

    private struct Config: MetricConfig {
        @Field("A password.") var password: Secret?
        @Field("Headers.") var headers: [String: Secret] = [:]
    }

    @Test("a secret returns its text only through reveal")
    func secretReturnsText() {
        #expect(secret.reveal() == "canary")
    }

    @Test("every way of printing a secret shows asterisks")
    func wayPrintingSecret() throws {
        var dumped = ""
        dump(["secret": secret], to: &dumped)
        let prints = [
            "\(secret)", String(describing: secret), String(reflecting: secret), dumped,
            "\(Optional(secret) as Any)", "\([secret])", String(reflecting: ["key": secret]),
            String(decoding: try JSONEncoder().encode([secret]), as: UTF8.self),
        ]
        for print in prints {
            #expect(!print.contains("canary"), "\(print)")
            #expect(print.contains("***"), "\(print)")
        }
    }

    @Test("printing a config does not show its secrets")
    func printingConfigShow() throws {
        let config = try Config(parsing: #"{"password": "canary", "headers": {"Authorization": "canary"}}"#)
        var dumped = ""
        dump(config, to: &dumped)
        for print in ["\(config)", String(reflecting: config), dumped, config.configJSON.description] {
            #expect(!print.contains("canary"), "\(print)")
        }
        #expect(config.password?.reveal() == "canary")
        #expect(config.headers["Authorization"]?.reveal() == "canary")
    }

    @Test("secrets of a config are masked in the texts of a plugin")
    func secretsConfigMasked() throws {
        let config = try Config(parsing: #"{"password": "canary", "headers": {"A": "canary bird", "B": "ab"}}"#)
        let text = Secret.masking(config.configSecrets, in: "canary birds, canary, and a cab")
        #expect(text == "***s, ***, and a cab")
    }

    @Test("the config schema marks a secret")
    func configSchemaMarks() {
        let properties = Config.configSchema["properties"]
        #expect(properties?["password"]?["x-secret"] == true)
        #expect(properties?["headers"]?["additionalProperties"]?["x-secret"] == true)
    }
}
