import Testing
import WireFormats

@testable import Migration

@Suite("migration of a ScaledObject")
struct ScaledObjectTests {
    /// A ScaledObject with one trigger; `fields` are further fields of its spec.
    private func migrated(
        _ trigger: String, fields: String = "", metadata: String = "", more: String = ""
    ) throws -> Migration {
        try Corpus.migrated(
            text: """
                apiVersion: keda.sh/v1alpha1
                kind: ScaledObject
                metadata: {name: worker, namespace: shop\(metadata)}
                spec:
                  scaleTargetRef: {name: worker}
                  \(fields)
                  triggers: [\(trigger)]
                \(more)
                """)
    }

    private let redis = #"{type: redis, metadata: {address: "redis:6379", listName: jobs, listLength: "30"}}"#

    private func outcome(_ migration: Migration, _ path: String) -> FieldOutcome? {
        migration.objects.first?.findings.first { $0.path == path }?.outcome
    }

    @Test("defaults of KEDA that differ are written, and noted")
    func defaults() throws {
        let result = try migrated(redis)
        let spec = try #require(result.scalers.first?.json["spec"])
        #expect(spec["minReplicas"] == 0)
        #expect(spec["maxReplicas"] == 100)
        #expect(spec["pollingIntervalSeconds"] == 30)
        #expect(spec["mode"] == "DryRun")
        #expect(spec["safety"]?["scaleDownCooldownSeconds"] == 300)
        #expect(result.objects[0].notes.count == 4)
    }

    @Test("a field that no rule names is reported, with its line")
    func unknownField() throws {
        let result = try migrated(
            #"{type: redis, metadata: {address: "redis:6379", listNmae: jobs, listName: a}}"#,
            fields: "surprise: {deep: [1]}")
        let unknown = result.objects[0].findings.filter {
            if case .notConvertible(let nearest) = $0.outcome { nearest.hasPrefix("no rule for") } else { false }
        }
        #expect(unknown.map(\.path) == ["spec.surprise.deep[0]", "spec.triggers[0].metadata.listNmae"])
        #expect(unknown.map(\.line) == [6, 7])
        #expect(!result.isComplete)
    }

    @Test("a trigger without a source is reported with the nearest way, and the other triggers are converted")
    func unsupportedTrigger() throws {
        let result = try migrated("{type: azure-queue, metadata: {queueName: a}}, \(redis)")
        #expect(result.scalers[0].json["spec"]?["metrics"]?.arrayValue?.count == 1)
        guard case .notConvertible(let nearest)? = outcome(result, "spec.triggers[0].metadata.queueName") else {
            Issue.record("the field is not reported")
            return
        }
        #expect(nearest.contains("prometheus"))
    }

    @Test("an external trigger becomes a keda-external metric with the target 1, and all its metadata")
    func externalTrigger() throws {
        let result = try migrated(
            """
            {type: external, metadata: {scalerAddress: "scaler.shop:9090", enableTLS: "true", unsafeSsl: "true", "a.b": "1",
            tokenFromEnv: TOKEN}}, {type: external-push, metricType: Value, metadata: {scalerAddress: "dns:///[fd00::7]:9090",
            unsafeSsl: "true"}}, {type: external, metadata: {scalerAddress: "unix:///run/scaler.sock"}}
            """,
            more: """
                ---
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: worker, namespace: shop}
                spec: {template: {spec: {containers: [{name: a, env: [
                  {name: TOKEN, valueFrom: {secretKeyRef: {name: scaler, key: token}}}]}]}}}
                """)
        let metrics = result.scalers[0].json["spec"]?["metrics"]
        #expect(
            metrics?[0]?["config"] == [
                "address": "scaler.shop:9090", "tls": ["insecureSkipVerify": true], "metadata": ["a.b": "1"],
                "secretMetadata": [
                    "tokenFromEnv": ["valueFrom": ["secretKeyRef": ["name": "scaler", "key": "token"]]]
                ],
            ])
        #expect(metrics?[0]?["type"] == "keda-external" && metrics?[0]?["targetValue"] == 1)
        #expect(metrics?[0]?["targetType"] == "AverageValue" && metrics?[0]?["activationValue"] == nil)
        #expect(metrics?[1]?["config"] == ["address": "[fd00::7]:9090"] && metrics?[1]?["targetType"] == "Value")
        guard case .different? = outcome(result, "spec.triggers[1].metadata.unsafeSsl"),
            case .notConvertible? = outcome(result, "spec.triggers[2].metadata.scalerAddress"),
            case .converted? = outcome(result, "spec.triggers[0].metadata.tokenFromEnv")
        else {
            Issue.record("\(result.text)")
            return
        }
    }

    @Test("an object without a trigger that can be converted gives no scaler")
    func nothing() throws {
        let result = try migrated("{type: azure-queue, metadata: {queueName: a}}")
        #expect(result.scalers.isEmpty)
        #expect(result.objects[0].fileName == nil)
    }

    @Test("a secret in the trigger becomes a reference to a Secret that the user creates")
    func secretInPlace() throws {
        let result = try migrated(#"{type: redis, metadata: {address: "r:1", listName: a, password: "p4ss"}}"#)
        let password = result.scalers[0].json["spec"]?["metrics"]?[0]?["config"]?["password"]?["valueFrom"]?[
            "secretKeyRef"]
        #expect(password == ["name": "worker-migrated", "key": "password"])
        #expect(!"\(result.json)\(result.text)".contains("p4ss"))
        #expect(
            result.secrets[0].commands[0]
                == "kubectl -n shop create secret generic worker-migrated --from-file=password=FILE")
    }

    @Test("a URL with a password is a secret, in the trigger and in a variable of the workload")
    func passwordInURL() throws {
        let trigger = """
            {type: prometheus, metadata: {serverAddress: "http://u:p4ss@prom:9090", query: up, threshold: "1"}},
            {type: metrics-api, metadata: {urlFromEnv: URL, valueLocation: a, targetValue: "1"}}
            """
        let result = try migrated(
            trigger,
            more: """
                ---
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: worker, namespace: shop}
                spec: {template: {spec: {containers: [{name: a, env: [{name: URL, value: "https://u:p4ss@api/x"}]}]}}}
                """)
        let metrics = result.scalers[0].json["spec"]?["metrics"]
        #expect(metrics?[0]?["config"]?["address"]?["valueFrom"] != nil)
        #expect(metrics?[1]?["config"]?["url"]?["valueFrom"] != nil)
        #expect(!"\(result.json)\(result.text)\(result.scalers[0].yaml)".contains("p4ss"))
    }

    @Test("a Secret of a ClusterTriggerAuthentication has to be copied from KEDA's namespace")
    func clusterAuthentication() throws {
        let trigger = redis.dropLast() + ", authenticationRef: {name: shared, kind: ClusterTriggerAuthentication}}"
        let result = try migrated(
            String(trigger),
            more: """
                ---
                apiVersion: keda.sh/v1alpha1
                kind: ClusterTriggerAuthentication
                metadata: {name: shared}
                spec: {secretTargetRef: [{parameter: password, name: redis, key: pw}]}
                """)
        #expect(result.secrets.count == 1)
        #expect(result.secrets[0].work == .copy(from: "keda"))
        #expect(result.isComplete)
    }

    @Test("an authentication that is missing is reported")
    func missingAuthentication() throws {
        let result = try migrated(String(redis.dropLast() + ", authenticationRef: {name: gone}}"))
        guard case .notConvertible? = outcome(result, "spec.triggers[0].authenticationRef.name") else {
            Issue.record("the reference is not reported")
            return
        }
    }

    @Test(
        "a list of allowed addresses names the servers of all migrated scalers, and credentials go only where they are needed"
    )
    func allowedAddresses() throws {
        let own = #"{type: prometheus, metadata: {serverAddress: "http://prom:9090/x", query: up, threshold: "1"}}"#
        let google =
            #"{type: prometheus, metadata: {serverAddress: "https://monitoring.googleapis.com/v1/p", query: up, threshold: "1"}, "#
            + "authenticationRef: {name: gmp}}"
        let result = try migrated(
            "\(own), \(google)",
            more: """
                ---
                apiVersion: keda.sh/v1alpha1
                kind: TriggerAuthentication
                metadata: {name: gmp, namespace: shop}
                spec: {podIdentity: {provider: gcp}}
                """)
        #expect(
            result.plugins.json["plugins"]?["prometheus"]?["allowedAddresses"] == [
                ["address": "https://monitoring.googleapis.com", "credentials": true], "http://prom:9090",
            ])
    }

    @Test("several policies become the tightest, and each says so")
    func policies() throws {
        let behavior = """
            advanced: {horizontalPodAutoscalerConfig: {behavior: {scaleUp: {policies: [
                {type: Pods, value: 10, periodSeconds: 15}, {type: Percent, value: 10, periodSeconds: 60}]}}}}
            """
        let result = try migrated(redis, fields: "minReplicaCount: 1\n  \(behavior)")
        let safety = result.scalers[0].json["spec"]?["safety"]
        #expect(safety?["maxScaleUpRate"] == "10%")
        #expect(safety?["scaleUpCooldownSeconds"] == 60)
        let path = "spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleUp.policies[0].value"
        guard case .different(_, let meaning)? = outcome(result, path) else {
            Issue.record("the policy is not reported as different")
            return
        }
        #expect(meaning.contains("10 pods every 15 s") && meaning.contains("10% every 60 s"))
    }

    @Test("schedules of cron are in the order of their replicas, since the first takes precedence")
    func cron() throws {
        func cron(_ replicas: Int, _ start: String) -> String {
            #"{type: cron, metadata: {timezone: Etc/UTC, start: "\#(start)", end: "0 20 * * *", desiredReplicas: "\#(replicas)"}}"#
        }
        let result = try migrated("\(cron(2, "0 8 ? * mon-fri")), \(cron(5, "@daily"))", fields: "maxReplicaCount: 4")
        let schedules = result.scalers[0].json["spec"]?["schedules"]?.arrayValue ?? []
        #expect(schedules.map { $0["minReplicas"] } == [4, 2])
        #expect(schedules.map { $0["start"] } == ["0 0 * * *", "0 8 * * MON-FRI"])
        #expect(schedules.map { $0["name"] } == ["cron", "cron-2"])
        #expect(result.scalers[0].json["spec"]?["metrics"]?.arrayValue?.count == 1)
    }

    @Test(
        "a cron expression that no schedule accepts is reported",
        arguments: ["0 25 * * *", "* * * *", "0 8 * * FUNDAY", ""])
    func invalidCron(_ start: String) throws {
        let result = try migrated(
            #"{type: cron, metadata: {timezone: UTC, start: "\#(start)", end: "0 20 * * *", desiredReplicas: "2"}}, \#(redis)"#
        )
        #expect(result.scalers[0].json["spec"]?["schedules"] == nil)
        #expect(!result.isComplete)
    }

    @Test("a quoted number counts as the number")
    func quotedNumbers() throws {
        let result = try migrated(
            redis,
            fields: "minReplicaCount: '0'\n  maxReplicaCount: '7'\n  pollingInterval: '15'\n  cooldownPeriod: ' 45 '")
        let spec = result.scalers[0].json["spec"]
        #expect(spec?["minReplicas"] == 0 && spec?["maxReplicas"] == 7 && spec?["pollingIntervalSeconds"] == 15)
        #expect(spec?["safety"]?["scaleDownCooldownSeconds"] == 45)
        #expect(result.isComplete)
    }

    @Test("a ScaledObject and an HPA of one name get different names")
    func sameName() throws {
        let result = try migrated(
            redis,
            more: """
                ---
                apiVersion: autoscaling/v2
                kind: HorizontalPodAutoscaler
                metadata: {name: worker, namespace: shop}
                spec: {scaleTargetRef: {kind: Deployment, name: other}, maxReplicas: 3}
                """)
        #expect(result.scalers.map(\.name) == ["worker", "worker-2"])
        #expect(Set(result.scalers.map(\.fileName)).count == 2)
    }
}
