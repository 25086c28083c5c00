import PluginSDK
import SourceSupport
import TestSupport
import Testing
import WireFormats

@testable import generalscaler_plugin_pubsub

@Suite struct PubSubConfigTests {
    private func problems(_ config: [String: JSON]) -> [ConfigProblem] {
        do throws(ConfigProblems) {
            _ = try PubSubConfig(config: JSONReader(.object(config)))
            return []
        } catch {
            return error.problems
        }
    }

    @Test("a minimal config has a subscription and its project")
    func minimalConfigSubscription() throws {
        #expect(problems(["project": "shop", "subscription": "orders"]) == [])
        #expect(problems(["subscription": "projects/example.com:shop/subscriptions/orders"]) == [])
        #expect(try PubSubConfig(parsing: #"{"project": "a", "subscription": "b"}"#).windowSeconds == 300)
        #expect(PubSubPlugin.maxAge == .seconds(300))
    }

    @Test(
        "an invalid config is refused with the path of the field",
        arguments: [
            (["subscription": "orders"], "project"), (["project": "shop"], "subscription"),
            (["project": "shop", "subscription": "topics/orders"], "subscription"),
            (["project": "other", "subscription": "projects/shop/subscriptions/orders"], "project"),
            (["project": "shop", "subscription": "a\" OR resource.type = \"b"], "subscription"),
            (["project": "a/b", "subscription": "orders"], "project"),
            (["subscription": "projects//subscriptions/orders"], "subscription"),
            (["project": "shop", "subscription": "orders", "window": "4m"], "window"),
            (["project": "shop", "subscription": "orders", "window": "299s"], "window"),
            (["project": "shop", "subscription": "orders", "window": "25h"], "window"),
            (["project": "shop", "subscription": "orders", "window": "5"], "window"),
            (["project": "shop", "subscription": "orders", "window": "m"], "window"),
            (["project": "shop", "subscription": "orders", "metric": "rate"], "metric"),
            (["project": "shop", "subscription": "orders", "endpoint": "monitoring"], "endpoint"),
            (["project": "shop", "subscription": "orders", "endpoint": "http://u:p@127.0.0.1"], "endpoint"),
            (["project": "shop", "subscription": "orders", "endpoint": "http://127.0.0.1:99999"], "endpoint"),
            (["project": "shop", "subscription": "orders", "tokenEndpoint": "http://localhost:0/t"], "tokenEndpoint"),
            (
                ["project": "shop", "subscription": "orders", "endpoint": "https://monitoring.googleapis.com:443x"],
                "endpoint"
            ),
            (["project": "shop", "subscription": "orders", "credentials": "canary"], "credentials"),
            (
                ["project": "shop", "subscription": "orders", "credentials": #"{"type": "authorized_user"}"#],
                "credentials"
            ),
            (
                [
                    "project": "shop", "subscription": "orders",
                    "credentials": #"{"type": "service_account", "client_email": "a", "private_key": "canary"}"#,
                ], "credentials"
            ),
        ] as [([String: JSON], String)])
    func invalidConfigRefused(config: [String: JSON], path: String) {
        let found = problems(config)
        #expect(found.map(\.path) == [path])
        #expect(found.first?.message.contains("canary") == false)
    }

    @Test(
        "the operator's own credentials are sent only to Google and to the loopback",
        arguments: ["endpoint", "tokenEndpoint"])
    func operatorCredentialsSent(field: String) throws {
        let base: [String: JSON] = ["project": "shop", "subscription": "orders"]
        for url in [
            "https://elsewhere.example", "http://monitoring.googleapis.com", "https://googleapis.com.elsewhere.example",
            "https://elsewheregoogleapis.com", "http://10.0.0.1", "https://127.0.0.1.elsewhere.example",
        ] {
            #expect(problems(base.merging([field: .string(url)]) { $1 }).map(\.path) == [field], "\(url)")
        }
        for url in ["https://monitoring.googleapis.com", "https://eu.googleapis.com:443", "http://127.0.0.1:8080"] {
            #expect(problems(base.merging([field: .string(url)]) { $1 }) == [], "\(url)")
        }
        // A config may send its own credentials anywhere.
        let own: [String: JSON] = [
            field: "https://elsewhere.example", "credentials": .string(try ServiceAccount.shared.get().json()),
        ]
        #expect(problems(base.merging(own) { $1 }) == [])
    }

    @Test("credentials in a config must be a service account key and point to Google")
    func credentialsConfigService() throws {
        let base: [String: JSON] = ["project": "shop", "subscription": "orders"]
        let elsewhere = try ServiceAccount.shared.get().json(tokenURI: "http://10.0.0.1/token")
        let found = problems(base.merging(["credentials": .string(elsewhere)]) { $1 })
        #expect(found.map(\.path) == ["credentials"])
        #expect(found.first?.message.contains("token_uri") == true)
        #expect(found.first?.message.contains("set tokenEndpoint to it") == true)
        // The administrator can then forbid the address.
        let named: [String: JSON] = ["credentials": .string(elsewhere), "tokenEndpoint": "http://10.0.0.1/token"]
        #expect(problems(base.merging(named) { $1 }) == [])
        let external = #"""
            {"type": "external_account", "audience": "a", "subject_token_type": "b", "token_url": "https://a",
            "credential_source": {"file": "/etc/passwd"}}
            """#
        let refused = problems(base.merging(["credentials": .string(external)]) { $1 })
        #expect(refused.first?.message.contains("must be the key of a service_account") == true)
    }

    @Test(
        "service account keys with any of Google's token hosts are accepted",
        arguments: [
            "https://oauth2.googleapis.com/token", "https://accounts.google.com/o/oauth2/token",
            "https://www.googleapis.com/oauth2/v3/token", "https://www.googleapis.com/oauth2/v4/token",
            "https://oauth2.mtls.googleapis.com/token", "HTTPS://Accounts.Google.com:443/o/oauth2/token", "",
        ])
    func serviceAccountKeys(tokenURI: String) throws {
        let key = try ServiceAccount.shared.get().json(tokenURI: tokenURI)
        #expect(problems(["project": "shop", "subscription": "orders", "credentials": .string(key)]) == [])
    }

    @Test(
        "a key with a host that only resembles Google's is refused",
        arguments: [
            "http://accounts.google.com/o/oauth2/token", "https://accounts.google.com.elsewhere.example/token",
            "https://x@accounts.google.com/token", "https://myaccounts.google.com/token",
            "https://sub.accounts.google.com/token", "https://oauth2.s3nsapis.fr/token",
        ])
    func keyHostResembles(tokenURI: String) throws {
        let key = try ServiceAccount.shared.get().json(tokenURI: tokenURI)
        let found = problems(["project": "shop", "subscription": "orders", "credentials": .string(key)])
        #expect(found.map(\.path) == ["credentials"], "\(tokenURI)")
    }

    @Test("a token of the operator may be sent to the universe domain that the administrator names")
    func tokenOperatorSent() {
        let universe = GoogleHosts.universe(of: ["GOOGLE_CLOUD_UNIVERSE_DOMAIN": "S3nsapis.fr"])
        #expect(universe == "s3nsapis.fr")
        #expect(GoogleHosts.canGetToken("https://monitoring.s3nsapis.fr/v3", universe: universe))
        #expect(GoogleHosts.canGetToken("https://monitoring.googleapis.com", universe: universe))
        #expect(GoogleHosts.canGiveTokens("https://oauth2.s3nsapis.fr/token", universe: universe))
        #expect(!GoogleHosts.canGetToken("http://monitoring.s3nsapis.fr", universe: universe))
        #expect(!GoogleHosts.canGetToken("https://s3nsapis.fr.elsewhere.example", universe: universe))
        #expect(!GoogleHosts.canGetToken("https://accounts.google.com", universe: universe))
        for other in [[:], ["GOOGLE_CLOUD_UNIVERSE_DOMAIN": ""], ["GOOGLE_CLOUD_UNIVERSE_DOMAIN": "com"]] {
            #expect(GoogleHosts.universe(of: other) == "googleapis.com")
            #expect(
                !GoogleHosts.canGetToken("https://monitoring.s3nsapis.fr", universe: GoogleHosts.universe(of: other)))
        }
    }

    @Test("the plugin's output contains no secret")
    func pluginOutputContains() async throws {
        let account = try ServiceAccount.shared.get()
        // A part of the key that does not occur in messages by chance.
        let canary = String(account.key.split(separator: "\n")[3])
        let place: [String: JSON] = [
            "project": "shop", "subscription": "orders", "endpoint": "http://127.0.0.1:1",
            "tokenEndpoint": "http://127.0.0.1:1",
        ]
        let configs = [
            account.json(), account.json().replacing("service_account", with: "canary-type"), "canary-text",
            account.json().replacing(canary, with: "canary-line"),
        ].map { "\(JSON.object(place.merging(["credentials": .string($0)]) { $1 }))" }
        let transcript = try await PluginTranscript("generalscaler-plugin-pubsub", type: "pubsub", configs: configs)
        #expect(transcript.standardOutput.split(separator: "\n").count == 1 + 2 * configs.count)
        #expect(transcript.standardOutput.contains("127.0.0.1:1"))
        #expect(!transcript.everything.contains(canary))
        #expect(!transcript.everything.contains("canary-line") && !transcript.everything.contains("canary-text"))
    }
}
