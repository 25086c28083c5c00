import Testing
import WireFormats

@testable import Migration

@Suite("migration of kafka authentication")
struct KafkaTests {
    /// A ScaledObject with a kafka trigger; `metadata` has the fields beside the topic's.
    private func migrated(_ metadata: String, _ parameters: String, identity: String = "") throws -> Migration {
        try Corpus.migrated(
            text: """
                apiVersion: keda.sh/v1alpha1
                kind: ScaledObject
                metadata: {name: worker, namespace: shop}
                spec:
                  scaleTargetRef: {name: worker}
                  triggers:
                    - type: kafka
                      metadata: {bootstrapServers: "kafka:9093", consumerGroup: a, topic: b, \(metadata)}
                      authenticationRef: {name: kafka}
                ---
                apiVersion: keda.sh/v1alpha1
                kind: TriggerAuthentication
                metadata: {name: kafka, namespace: shop}
                spec:
                  \(identity)
                  secretTargetRef: [\(parameters)]
                """)
    }

    private func parameter(_ name: String) -> String { "{parameter: \(name), name: kafka, key: \(name)}" }

    private func config(_ migration: Migration) -> JSON? {
        migration.scalers.first?.json["spec"]?["metrics"]?[0]?["config"]
    }

    /// The nearest way of a field that is not convertible.
    private func nearest(_ migration: Migration, _ path: String) -> String? {
        let finding = migration.objects.flatMap(\.findings).first { $0.path == path }
        if case .notConvertible(let nearest)? = finding?.outcome { return nearest }
        return nil
    }

    @Test(
        "OAUTHBEARER takes a token from a new Secret, and what requests one from an endpoint is not convertible",
        arguments: [
            "sasl: oauthbearer, tls: enable", "sasl: \" oauthbearer \", saslTokenType: oauthbearer, tls: enable",
            "tls: enable",
        ])
    func oauth(_ metadata: String) throws {
        let names = ["username", "password", "oauthTokenEndpointUri", "scopes", "oauthExtensions"]
        let result = try migrated(
            metadata, (names + (metadata.hasPrefix("sasl") ? [] : ["sasl"])).map(parameter).joined(separator: ", "))
        #expect(
            config(result)?["sasl"] == [
                "mechanism": "OAUTHBEARER",
                "token": ["valueFrom": ["secretKeyRef": ["name": "worker-migrated", "key": "sasl-token"]]],
            ])
        #expect(result.secrets.map(\.name) == ["worker-migrated"])
        for (index, name) in names.enumerated() {
            let nearest = nearest(result, "spec.secretTargetRef[\(index)].parameter")
            #expect(nearest?.contains(name == "oauthExtensions" ? "SASL extensions" : "sasl.token") == true)
        }
    }

    @Test(
        "AWS MSK IAM and GSSAPI are reported, and leave no half of an authentication",
        arguments: [
            ("sasl: oauthbearer, saslTokenType: aws_msk_iam, awsRegion: eu-west-1", "AWS MSK IAM"),
            ("sasl: aws_msk_iam, awsRegion: eu-west-1", "AWS MSK IAM"), ("sasl: gssapi, realm: EXAMPLE.COM", "GSSAPI"),
        ])
    func unsupported(_ metadata: String, _ reason: String) throws {
        let result = try migrated(metadata, "\(parameter("username")), \(parameter("password"))")
        #expect(config(result)?["sasl"] == nil)
        #expect(nearest(result, "spec.triggers[0].metadata.sasl")?.contains(reason) == true)
        #expect(nearest(result, "spec.secretTargetRef[0].parameter") != nil)
        #expect(result.secrets.isEmpty)
        if metadata.contains("awsRegion") {
            #expect(nearest(result, "spec.triggers[0].metadata.awsRegion")?.contains(reason) == true)
        }
    }

    @Test("a user without a mechanism is not used, as in KEDA", arguments: ["version: 3.6.0", "sasl: none"])
    func userWithoutMechanism(_ metadata: String) throws {
        let result = try migrated(metadata, "\(parameter("username")), \(parameter("password"))")
        #expect(config(result)?["sasl"] == nil)
        #expect(result.isComplete)
        #expect(result.secrets.isEmpty)
    }
}
