import PluginSDK
import SourceSupport
import TestSupport
import Testing
import WireFormats

@testable import generalscaler_plugin_pubsub

/// Tokens of the cluster in exchange for those of Google, at a simulation of its token services that verifies them.
@Suite(.serialized, .timeLimit(.minutes(2))) struct FederationTests {
    private static func config(_ token: String, _ more: [String: JSON] = [:]) -> [String: JSON] {
        let base: [String: JSON] = [
            "project": "shop", "subscription": "orders", "token": .string(token),
            "workloadIdentityProvider": .string(CloudTokenServices.provider),
        ]
        return base.merging(more) { $1 }
    }

    private static func account(_ name: String) -> [String: JSON] {
        ["serviceAccount": .string("\(name)@shop.iam.gserviceaccount.com")]
    }

    @Test("a token of a ServiceAccount is exchanged for one of Google, or of a service account")
    func tokenServiceAccountExchanged() async throws {
        try await CloudTokenServices.run { client, tokens in
            // Without an environment: nothing of the operator's is needed.
            let plugin = PubSubPlugin(
                client: client, metadataClient: FakeGoogle([]), files: FakeFiles([:]), environment: [:],
                nowMicroseconds: WallClock.nowMicroseconds)
            let token = try #require(tokens["google"])
            for _ in 1...2 { #expect(try await plugin.value(Self.config(token)).value == 17) }
            #expect(client.requested.count { $0 == "https://sts.googleapis.com/v1/token" } == 1)
            #expect(try await plugin.value(Self.config(token, Self.account("scaler"))).value == 23)
            let denied = try #require(try await plugin.failure(Self.config(token, Self.account("owner"))))
            #expect(denied.kind == .authFailed && denied.path == "token", "\(denied)")
            for name in ["expiredGoogle", "forgedGoogle", "aws"] {
                let bad = try #require(tokens[name])
                let error = try #require(try await plugin.failure(Self.config(bad)))
                #expect(error.kind == .authFailed && error.path == "token", "\(name): \(error)")
                #expect(!error.message.contains(bad), "\(error.message)")
            }
        }
    }

    @Test("a token that Cloud Monitoring refuses is exchanged once more, and then an error of the token")
    func tokenCloudMonitoring()
        async throws
    {
        let client = FakeGoogle(
            ["first", "second"].flatMap { token in
                [
                    .success(.init(200, #"{"access_token": "\#(token)", "expires_in": 3599, "token_type": "Bearer"}"#)),
                    .success(.init(401, #"{"error": {"message": "revoked"}}"#)),
                ]
            })
        let plugin = PubSubPlugin(
            client: client, metadataClient: client, files: FakeFiles([:]), environment: [:],
            nowMicroseconds: WallClock.nowMicroseconds)
        let error = try #require(try await plugin.failure(Self.config("t.o-k_en")))
        #expect(error.kind == .authFailed && error.path == "token", "\(error)")
        #expect(client.requests.count == 4)
    }

    @Test(
        "an identity that lacks a part, or has two, is rejected with the field's path",
        arguments: [
            (["credentials": "x"], ["token", "credentials"]),
            (["tokenEndpoint": "https://oauth2.googleapis.com/token"], ["tokenEndpoint"]),
            (["workloadIdentityProvider": .null], [""]), (["token": .null], [""]), (["token": "a b"], ["token"]),
            (["workloadIdentityProvider": "//iam.googleapis.com/projects/1/x"], ["workloadIdentityProvider"]),
            (["serviceAccount": "a/b@c"], ["serviceAccount"]),
            // Not the operator's token: it may be sent to any address.
            (["endpoint": "https://monitoring.example.com"], []),
        ] as [([String: JSON], [String])])
    func identityLacksPart(
        fields: [String: JSON], paths: [String]
    ) {
        let config = JSON.object(Self.config("t.o-k_en", fields).filter { !$0.value.isNull })
        var found: [String] = []
        do throws(ConfigProblems) {
            _ = try PubSubConfig(config: JSONReader(config))
        } catch {
            found = error.problems.map(\.path)
        }
        #expect(found == paths)
    }
}
