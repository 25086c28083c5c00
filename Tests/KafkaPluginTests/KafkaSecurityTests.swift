import PluginSDK
import TestSupport
import Testing

@testable import generalscaler_plugin_kafka

/// TLS, logins and whole groups, on a simulated broker.
@Suite(.timeLimit(.minutes(2)), .serialized) struct KafkaSecurityTests {
    private let certificates: TestCertificates

    init() throws {
        certificates = try TestCertificates.shared.get()
    }

    /// A config's fields for the topic `orders`, with a lag of 9.
    private func orders(_ broker: KafkaBroker, _ fields: String = "") -> String {
        #"\#(broker.at), "group": "shop", "topics": ["orders"]"# + fields
    }

    /// PEM as a JSON string.
    private func inline(_ pem: [UInt8]) -> String {
        String(decoding: pem, as: UTF8.self).replacing("\n", with: "\\n")
    }

    private func trust(_ fields: String = "") -> String {
        #", "tls": {"ca": "\#(inline(certificates.authority))"\#(fields)}"#
    }

    private func login(_ mechanism: String, _ name: String = "scaler", _ password: String = "pencil") -> String {
        #", "sasl": {"mechanism": "\#(mechanism)", "username": "\#(name)", "password": "\#(password)"}"#
    }

    // MARK: Whole groups

    @Test("a group without topics in the config counts all topics that it has committed offsets of")
    func groupTopicsConfig() async throws {
        try await KafkaBroker.run(.init()) { broker in
            let plugin = KafkaPlugin()
            let reading = try await plugin.value(#"\#(broker.at), "group": "shop""#)
            #expect(reading.value == 11)
            #expect(reading.detail == "3 of 4 partitions have lag")
            let unknown = try #require(try await plugin.failure(#"\#(broker.at), "group": "typo""#))
            #expect(unknown.kind == .noData && unknown.path == "group", "\(unknown)")
        }
    }

    @Test("a group with a commit of a topic that was deleted is an error that names it")
    func groupCommitTopic() async throws {
        try await KafkaBroker.run(.init()) { broker in
            let error = try #require(
                try await KafkaPlugin().failure(#"\#(broker.at), "group": "gone""#, timeout: .seconds(9)))
            #expect(error.kind == .notFound && error.path == "topics", "\(error)")
            #expect(error.message.contains("topic deleted does not exist"), "\(error.message)")
        }
    }

    // MARK: TLS

    @Test("a broker that the authority signed is read, and no other")
    func brokerAuthoritySigned() async throws {
        try await KafkaBroker.run(.init(server: certificates.server)) { broker in
            let plugin = KafkaPlugin()
            #expect(try await plugin.value(orders(broker, trust())).value == 9)
            #expect(try await plugin.value(orders(broker, #", "tls": {"insecureSkipVerify": true}"#)).value == 9)
            for tls in ["{}", #"{"ca": "\#(inline(certificates.otherAuthority))"}"#] {
                let error = try #require(
                    try await plugin.failure(orders(broker, #", "tls": \#(tls)"#), timeout: .seconds(5)))
                #expect(error.kind == .sourceUnreachable && error.path == "tls", "\(error)")
                #expect(error.message.contains("an authority that is not trusted"), "\(error.message)")
            }
        }
    }

    @Test(
        "a certificate that has expired, or is for another name, is refused",
        arguments: [("expired", "it has expired"), ("named", "it is for another name")])
    func certificateExpiredName(name: String, reason: String) async throws {
        let identity = name == "expired" ? certificates.expiredServer : certificates.namedServer
        try await KafkaBroker.run(.init(server: identity)) { broker in
            let error = try #require(
                try await KafkaPlugin().failure(orders(broker, trust()), timeout: .seconds(5)))
            #expect(error.kind == .sourceUnreachable && error.path == "tls", "\(error)")
            #expect(error.message.contains(reason), "\(error.message)")
        }
    }

    @Test("a port with TLS and a config without it, and the reverse, name tls")
    func portTLSConfig() async throws {
        try await KafkaBroker.run(.init(server: certificates.server)) { broker in
            let error = try #require(try await KafkaPlugin().failure(orders(broker), timeout: .seconds(5)))
            #expect(error.kind == .sourceUnreachable && error.path == "tls", "\(error)")
        }
        try await KafkaBroker.run(.init()) { broker in
            let error = try #require(try await KafkaPlugin().failure(orders(broker, trust()), timeout: .seconds(5)))
            #expect(error.kind == .sourceUnreachable && error.path == "tls", "\(error)")
        }
    }

    @Test("a client certificate is the identity if the broker asks for one")
    func clientCertificateIdentity() async throws {
        try await KafkaBroker.run(.init(server: certificates.server, needsClientCertificate: true)) { broker in
            func client(_ identity: TestCertificates.Identity) -> String {
                trust(#", "cert": "\#(inline(identity.certificate))", "key": "\#(inline(identity.key))""#)
            }
            let plugin = KafkaPlugin()
            #expect(try await plugin.value(orders(broker, client(certificates.client))).value == 9)
            for fields in [trust(), client(certificates.strangeClient)] {
                let error = try #require(try await plugin.failure(orders(broker, fields), timeout: .seconds(5)))
                #expect(error.kind == .sourceUnreachable && error.path == "tls", "\(error)")
            }
            let mismatch = trust(
                #", "cert": "\#(inline(certificates.client.certificate))", "key": "\#(inline(certificates.server.key))""#
            )
            let error = try #require(try await plugin.failure(orders(broker, mismatch)))
            #expect(error.kind == .configInvalid && error.path == "tls", "\(error)")
        }
    }

    // MARK: Logins

    @Test(
        "a user logs in with the right password only", arguments: ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"],
        [true, false])
    func userLogsRight(mechanism: String, isTLS: Bool) async throws {
        let scene = KafkaBroker.Scene(
            server: isTLS ? certificates.server : nil, users: ["scaler": "pencil", "b,=ü": "p,=\"ä s"],
            // As before Kafka 4, because librdkafka 2.0 repeats the client's nonce.
            acceptsAnyNonce: true)
        try await KafkaBroker.run(scene) { broker in
            let plugin = KafkaPlugin()
            func fields(_ name: String, _ password: String) -> String {
                orders(broker, login(mechanism, name, password) + (isTLS ? trust() : ""))
            }
            #expect(try await plugin.value(fields("scaler", "pencil")).value == 9)
            if mechanism == "PLAIN" { #expect(try await plugin.value(fields("b,=ü", #"p,=\"ä s"#)).value == 9) }
            for (name, password) in [("scaler", "Pencil-7731"), ("nobody", "pencil-7731")] {
                let error = try #require(try await plugin.failure(fields(name, password), timeout: .seconds(5)))
                #expect(error.kind == .authFailed && error.path == "sasl", "\(error)")
                #expect(error.message.contains("Authentication failed") && !error.message.contains("7731"), "\(error)")
            }
        }
    }

    @Test("a login with SCRAM that librdkafka gets wrong is an error that says so")
    func loginSCRAMLibrdkafka() async throws {
        try await KafkaBroker.run(.init(users: ["scaler": "pencil"])) { broker in
            let plugin = KafkaPlugin()
            let error = try await plugin.failure(orders(broker, login("SCRAM-SHA-512")), timeout: .seconds(4))
            // Nil with a librdkafka that has the fix.
            guard let error else { return }
            #expect(error.kind == .authFailed && error.path == "sasl", "\(error)")
            #expect(error.message.contains("cannot log in to Kafka 4 with SCRAM"), "\(error.message)")
            #expect(try await plugin.value(orders(broker, login("PLAIN"))).value == 9)
        }
    }

    @Test("an access token logs in, and one that the broker refuses is an error without it")
    func accessTokenLogs() async throws {
        try await KafkaBroker.run(.init(server: certificates.server, tokens: ["eyJhbGciOiJ.a-b_c"])) { broker in
            let plugin = KafkaPlugin()
            func fields(_ token: String) -> String {
                orders(broker, #", "sasl": {"mechanism": "OAUTHBEARER", "token": "\#(token)"}"# + trust())
            }
            #expect(try await plugin.value(fields("eyJhbGciOiJ.a-b_c")).value == 9)
            let error = try #require(try await plugin.failure(fields("eyJhbGciOiJ.expired-7731"), timeout: .seconds(4)))
            #expect(error.kind == .authFailed && error.path == "sasl", "\(error)")
            #expect(error.message.contains("invalid_token") && !error.message.contains("7731"), "\(error.message)")
        }
    }

    @Test("a cluster that wants a login, and a client without one, is an error")
    func clusterWantsLogin() async throws {
        try await KafkaBroker.run(.init(users: ["scaler": "pencil"])) { broker in
            let error = try #require(try await KafkaPlugin().failure(orders(broker), timeout: .seconds(5)))
            #expect(error.kind == .sourceUnreachable && error.path == "sasl", "\(error)")
        }
    }

    @Test("identities at one cluster have a client each, and one is refused while another is read")
    func identitiesClusterClient() async throws {
        let scene = KafkaBroker.Scene(users: ["a": "first", "b": "second"], acceptsAnyNonce: true)
        try await KafkaBroker.run(scene) { broker in
            let plugin = KafkaPlugin()
            #expect(try await plugin.value(orders(broker, login("PLAIN", "a", "first"))).value == 9)
            #expect(try await plugin.value(orders(broker, login("SCRAM-SHA-256", "b", "second"))).value == 9)
            let wrong = orders(broker, login("PLAIN", "a", "second"))
            let error = try #require(try await plugin.failure(wrong, timeout: .seconds(4)))
            #expect(error.kind == .authFailed)
            #expect(try await plugin.value(orders(broker, login("PLAIN", "a", "first"))).value == 9)
            #expect(plugin.clientCount == 3)
        }
    }

    // MARK: Brokers that the cluster names

    @Test(
        "a broker that the cluster names gets no connection at a reserved address",
        arguments: ["169.254.7.7:9092", "100.100.100.200:9092"])
    func brokerClusterNames(leader: String) async throws {
        try await KafkaBroker.run(.init(leader: leader)) { broker in
            let error = try #require(try await KafkaPlugin().failure(orders(broker), timeout: .seconds(4)))
            #expect(error.kind == .sourceUnreachable && error.path == "brokers", "\(error)")
            #expect(error.message.contains("its address is "), "\(error.message)")
        }
    }
}
