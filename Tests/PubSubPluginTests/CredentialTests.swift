import GoogleAuth
import HTTPTransport
import PluginSDK
import SourceSupport
import Synchronization
import TestSupport
import Testing
import WireFormats

@testable import generalscaler_plugin_pubsub

/// The sources of access tokens, with a simulated API that verifies signatures with Google's library.
@Suite(.serialized, .timeLimit(.minutes(4))) struct CredentialTests {
    private static let scene: [String: JSON] = [
        "series": [
            [
                "project": "shop", "subscription": "orders", "values": .array(Array(repeating: 5, count: 10)),
                "metric": "pubsub.googleapis.com/subscription/num_undelivered_messages",
            ]
        ]
    ]

    private func config(_ server: GoogleStandIn) -> [String: JSON] {
        [
            "project": "shop", "subscription": "orders", "endpoint": .string(server.address),
            "tokenEndpoint": .string("\(server.address)/token"),
        ]
    }

    private func withStandIn(
        _ more: [String: JSON] = [:], _ body: (GoogleStandIn) async throws -> Void
    ) async throws {
        try await GoogleStandIn.run(Self.scene.merging(more) { _, mine in mine }, body)
    }

    /// Returns the kind of token in the request to Monitoring.
    private func tokenKind(_ server: GoogleStandIn) async throws -> String? {
        try await server.requests().last { $0["kind"] == "timeSeries" }?["token"]?.stringValue
    }

    @Test("the operator's own service account is found through its environment variable first")
    func operatorServiceAccount() async throws {
        try await withStandIn { server async throws in
            let account = try ServiceAccount.shared.get()
            let plugin = PubSubPlugin(
                files: [
                    "/key.json": account.json(tokenURI: "\(server.address)/token"), "/home/.config/gcloud/x": "{}",
                ],
                environment: ["GOOGLE_APPLICATION_CREDENTIALS": "/key.json", "HOME": "/home"])
            var fields = config(server)
            fields["tokenEndpoint"] = nil
            #expect(try await plugin.value(fields).value == 5)
            #expect(try await tokenKind(server) == "service-account")
        }
    }

    @Test(
        "the login of gcloud is used second, with its billing project",
        arguments: [["HOME": "/home"], ["CLOUDSDK_CONFIG": "/home/.config/gcloud", "HOME": "/other"]])
    func loginGcloudUsed(environment: [String: String]) async throws {
        try await withStandIn { server async throws in
            let login: JSON = [
                "type": "authorized_user", "client_id": "id", "client_secret": "canary-secret",
                "refresh_token": "canary-refresh", "quota_project_id": "payer",
            ]
            let plugin = PubSubPlugin(
                files: ["/home/.config/gcloud/application_default_credentials.json": "\(login)"],
                environment: environment)
            #expect(try await plugin.value(config(server)).value == 5)
            #expect(try await tokenKind(server) == "user")
            #expect(try await server.requests().last?["quota"] == "payer")
        }
    }

    @Test("the metadata server is used last")
    func metadataServerUsed() async throws {
        try await withStandIn { server async throws in
            let plugin = PubSubPlugin(
                environment: ["GCE_METADATA_HOST": "127.0.0.1:\(server.port)", "HOME": "/home"])
            for _ in 1...3 { #expect(try await plugin.value(config(server)).value == 5) }
            #expect(try await server.kinds() == ["metadata", "timeSeries", "timeSeries", "timeSeries"])
            #expect(try await tokenKind(server) == "metadata")
        }
    }

    @Test("a token of another provider is exchanged, and may impersonate a service account")
    func tokenProviderExchanged() async throws {
        try await withStandIn { server async throws in
            func account(_ source: JSON, impersonates: Bool) -> String {
                var members: [String: JSON] = [
                    "type": "external_account", "audience": "//iam.googleapis.com/pool",
                    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
                    "token_url": .string("\(server.address)/sts"), "credential_source": source,
                ]
                if impersonates {
                    members["service_account_impersonation_url"] = .string("\(server.address)/impersonate")
                }
                return "\(JSON.object(members))"
            }
            let json: JSON = ["type": "json", "subject_token_field_name": "id_token"]
            let sources: [JSON] = [
                ["file": "/token"], ["file": "/token.json", "format": json],
                ["url": .string("\(server.address)/subject"), "headers": ["X-Asked": "yes"], "format": json],
            ]
            for source in sources {
                for impersonates in [false, true] {
                    let plugin = PubSubPlugin(
                        files: [
                            "/account.json": account(source, impersonates: impersonates),
                            "/token": "\u{FEFF}subject-token\n",
                            "/token.json": "\u{FEFF}" + #"{"id_token": "subject-token"}"#,
                        ], environment: ["GOOGLE_APPLICATION_CREDENTIALS": "/account.json"])
                    #expect(try await plugin.value(config(server)).value == 5)
                    #expect(try await tokenKind(server) == (impersonates ? "impersonated" : "federated"))
                }
            }
            let scopes = try await server.requests().compactMap { $0["scope"]?.stringValue }
            #expect(Set(scopes) == [PubSubLimits.scope, TokenSource.platformScope])
        }
    }

    @Test("an unknown signature is reported with both clocks, and without the key")
    func unknownSignatureReported() async throws {
        try await withStandIn { server async throws in
            let account = try ServiceAccount.shared.get()
            var fields = config(server)
            fields["credentials"] = .string(account.json(key: account.otherKey))
            let error = try #require(try await PubSubPlugin().failure(fields))
            #expect(error.kind == .authFailed)
            #expect(error.message.contains("invalid_grant"))
            #expect(error.message.contains("this machine's time is 20"))
            #expect(error.message.contains("GMT"))
            #expect(!error.message.contains("PRIVATE KEY"))
        }
    }

    @Test("a wrong clock is refused as by Google, and both clocks are reported")
    func wrongClockRefused() async throws {
        try await withStandIn { server async throws in
            var fields = config(server)
            fields["credentials"] = .string(try ServiceAccount.shared.get().json())
            let wrong = PubSubPlugin(nowMicroseconds: { WallClock.nowMicroseconds() - 7_200_000_000 })
            let error = try #require(try await wrong.failure(fields))
            #expect(error.kind == .authFailed)
            #expect(error.message.contains("a clock may be wrong"))
        }
    }

    @Test("a token is renewed before it expires")
    func tokenRenewedExpires() async throws {
        let clock = ManualClock(startMicroseconds: WallClock.nowMicroseconds())
        try await withStandIn(["lifetime": 600]) { server async throws in
            let plugin = PubSubPlugin(
                environment: ["GCE_METADATA_HOST": "127.0.0.1:\(server.port)"],
                nowMicroseconds: clock.wallMicroseconds)
            var fields = config(server)
            fields["window"] = "1h"
            #expect(try await plugin.value(fields).value == 5)
            clock.advance(by: .seconds(370))
            _ = try await plugin.value(fields)
            #expect(try await server.kinds().filter { $0 == "metadata" }.count == 1)
            clock.advance(by: .seconds(10))
            _ = try await plugin.value(fields)
            #expect(try await server.kinds().filter { $0 == "metadata" }.count == 2)
        }
    }

    @Test("concurrent calls request one token")
    func concurrentCallsRequest() async throws {
        try await withStandIn { server async throws in
            let plugin = PubSubPlugin(environment: ["GCE_METADATA_HOST": "127.0.0.1:\(server.port)"])
            let fields = config(server)
            let values = try await withThrowingTaskGroup(of: Double.self) { group in
                for _ in 1...20 { group.addTask { try await plugin.value(fields).value } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(values == Array(repeating: 5, count: 20))
            #expect(try await server.kinds().filter { $0 == "metadata" }.count == 1)
        }
    }

    @Test("the error for missing credentials lists where they were searched for")
    func errorMissingCredentials() async throws {
        let plugin = PubSubPlugin(environment: ["GCE_METADATA_HOST": "127.0.0.1:1", "HOME": "/home"])
        let error = try #require(
            try await plugin.failure(["project": "shop", "subscription": "orders", "endpoint": "http://127.0.0.1:1"]))
        #expect(error.kind == .authFailed)
        for place in [
            "credentials is not set", "GOOGLE_APPLICATION_CREDENTIALS", "/home/.config/gcloud", "metadata server",
        ] {
            #expect(error.message.contains(place), "\(error.message)")
        }
    }

    @Test(
        "an unusable credentials file is reported with its error",
        arguments: [
            ("missing", nil, "No such file"), ("/denied", "denied", "readPaths"), ("/a", "{", "is not JSON"),
            ("/a", "{}", "type"), ("/a", #"{"type": "impersonated_service_account"}"#, "supported are"),
            ("/a", #"{"type": "service_account", "client_email": "a"}"#, "private_key"),
            ("/a", #"{"type": "service_account", "client_email": "a", "private_key": "canary"}"#, "not an RSA key"),
            ("/a", #"{"type": "authorized_user", "client_id": "a", "client_secret": "canary"}"#, "refresh_token"),
            (
                "/a",
                #"""
                {"type": "external_account", "audience": "a", "subject_token_type": "b", "token_url": "http://127.0.0.1:1",
                "credential_source": {"environment_id": "aws1"}}
                """#, "not supported"
            ),
            (
                "/a",
                #"""
                {"type": "external_account", "audience": "a", "subject_token_type": "b", "token_url": "http://127.0.0.1:1",
                "credential_source": {"file": "/denied"}}
                """#, "readPaths"
            ),
            (
                "/a",
                #"""
                {"type": "external_account", "audience": "a", "subject_token_type": "b", "token_url": "http://127.0.0.1:1",
                "credential_source": {"file": "/two words"}}
                """#, "contains no token"
            ),
        ])
    func unusableCredentialsFile(
        path: String, text: String?, hint: String
    ) async throws {
        var files = ["/two words": "canary canary", "/denied": "denied"]
        files[path] = text
        let plugin = PubSubPlugin(files: files, environment: ["GOOGLE_APPLICATION_CREDENTIALS": path])
        let error = try #require(
            try await plugin.failure(["project": "shop", "subscription": "orders", "endpoint": "http://127.0.0.1:1"]))
        #expect(error.kind == .authFailed)
        #expect(error.message.contains(path))
        #expect(error.message.contains(hint), "\(error.message)")
        #expect(!error.message.contains("canary"))
    }

    @Test("a server that answers in place of the metadata server is not trusted")
    func serverAnswersPlace() async throws {
        let metadata = FakeGoogle([.success(.token)])
        let plugin = PubSubPlugin(
            client: FakeGoogle([]), metadataClient: metadata, files: FakeFiles([:]), environment: [:],
            nowMicroseconds: WallClock.nowMicroseconds)
        let error = try #require(try await plugin.failure(["project": "shop", "subscription": "orders"]))
        #expect(error.kind == .authFailed)
        #expect(error.message.contains("is not Google's metadata server"))
        let request = try #require(metadata.requests.first)
        #expect(request.headers.contains(HTTPHeader("Metadata-Flavor", "Google")))
        #expect(request.timeout == .seconds(3))
    }
}
