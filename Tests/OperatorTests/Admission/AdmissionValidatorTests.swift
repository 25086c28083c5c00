import KubernetesClient
import PluginHost
import PluginProtocol
import Scaling
import SystemIO
import TestSupport
import Testing
import WireFormats

@testable import Operator
@testable import ScalerAPI

@Suite("The admission validator", .timeLimit(.minutes(5)))
struct AdmissionValidatorTests {
    private let clock = ManualClock()
    private let source: ScriptedSource

    init() {
        source = ScriptedSource(now: clock.wallMicroseconds)
        source.answer { _ in 1 }
    }

    private func makeValidator(
        others: [JSON] = [], hasRight: @escaping @Sendable (AuthorRight, JSON) -> Bool? = { _, _ in true },
        otherAutoscaler: @escaping @Sendable (TargetReference, String) async -> String? = { _, _ in nil }
    ) throws -> AdmissionValidator {
        let scalers = try others.map { try GeneralScaler($0, zones: UniversalTimeOnly()) }
        return AdmissionValidator(
            source: source, scalers: { scalers }, hasRight: { hasRight($0, $1) }, otherAutoscaler: otherAutoscaler,
            time: TimeSource(clock: clock) { 0 })
    }

    /// Returns a review of a scaler like the API server's.
    static func review(_ object: JSON, old: JSON? = nil) -> JSON {
        [
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": [
                "uid": "705ab4f5", "operation": old == nil ? "CREATE" : "UPDATE", "namespace": "shop",
                "name": object["metadata"]?["name"] ?? .null, "object": object, "oldObject": old ?? .null,
                "userInfo": ["username": "jane", "groups": ["dev"]],
            ],
        ]
    }

    private func verdict(_ validator: AdmissionValidator, _ object: JSON, old: JSON? = nil) async throws
        -> AdmissionVerdict
    {
        await validator.validate(try AdmissionRequest(Self.review(object, old: old)))
    }

    private static func scaler(_ name: String = "web", target: String? = nil, config: JSON, _ more: JSON = [:]) -> JSON
    {
        let spec: JSON = ["metrics": [["type": "test", "targetValue": 1, "config": config]]]
        let both = (spec.objectValue ?? [:]).merging(more.objectValue ?? [:]) { $1 }
        return TestEnvironment.scaler(name, target: target, .object(both))
    }

    private static func stored(_ object: JSON) -> JSON {
        var members = object.objectValue ?? [:]
        let metadata: JSON = ["uid": "1", "resourceVersion": "5", "generation": 1]
        members["metadata"] = .object(
            (members["metadata"]?.objectValue ?? [:]).merging(metadata.objectValue ?? [:]) { $1 })
        return .object(members)
    }

    @Test("a spec that sets a field that the operator fills in is denied, and the plugin gets the filled-in field")
    func filledField() async throws {
        source.declare(["properties": ["namespace": ["type": "string", "x-from": "scaler.namespace"]]])
        source.judge { _, config in
            config == ["namespace": "shop", "query": "up"]
                ? .valid(nil) : .invalid([ConfigProblem(path: "", message: "\(config)")])
        }
        let validator = try makeValidator()
        let allowed = try await verdict(validator, Self.scaler(config: ["query": "up"]))
        #expect(allowed.problems.isEmpty && allowed.warnings.isEmpty)
        let denied = try await verdict(validator, Self.scaler(config: ["query": "up", "namespace": "other"]))
        #expect(denied.problems.map(\.path) == ["spec.metrics[0].config.namespace"])
    }

    @Test("a valid scaler is allowed without warnings")
    func good() async throws {
        let verdict = try await verdict(makeValidator(), TestEnvironment.scaler())
        #expect(verdict.problems.isEmpty)
        #expect(verdict.warnings.isEmpty)
        let answer = try AdmissionRequest(Self.review(TestEnvironment.scaler())).answer(verdict)
        #expect(
            answer
                == [
                    "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
                    "response": ["uid": "705ab4f5", "allowed": true],
                ])
    }

    @Test("a spec that breaks a rule is denied with every invalid field")
    func invalid() async throws {
        let object = TestEnvironment.scaler("web", ["minReplicas": 20, "pollingIntervalSeconds": 0])
        let verdict = try await verdict(makeValidator(), object)
        let answer = try AdmissionRequest(Self.review(object)).answer(verdict)
        #expect(answer["response"]?["allowed"] == false)
        let message = answer["response"]?["status"]?["message"]?.stringValue ?? ""
        #expect(message.contains("spec.pollingIntervalSeconds"))
        #expect(answer["response"]?["status"]?["code"] == 422)
    }

    @Test("a config that its plugin rejects is denied with its path in the object")
    func refusedByPlugin() async throws {
        source.judge { _, _ in .invalid([ConfigProblem(path: "queue", message: "is required")]) }
        let verdict = try await verdict(makeValidator(), Self.scaler(config: [:]))
        #expect(verdict.problems.map(\.description) == ["spec.metrics[0].config.queue: is required"])
    }

    @Test("an update that does not change the spec is allowed, valid or not")
    func unchanged() async throws {
        source.judge { _, _ in .invalid([ConfigProblem(path: "queue", message: "is required")]) }
        let old = TestEnvironment.scaler("web", ["minReplicas": 20])
        var new = old.objectValue ?? [:]
        new["metadata"] = ["name": "web", "namespace": "shop", "labels": ["a": "b"]]
        #expect(try await verdict(makeValidator(), .object(new), old: old).problems.isEmpty)
        #expect(
            try await !verdict(makeValidator(), TestEnvironment.scaler("web", ["minReplicas": 30]), old: old).problems
                .isEmpty)
    }

    @Test("a metric type that no plugin reads, and a plugin that is not available, cause a warning")
    func unknownType() async throws {
        let metrics: JSON = [["type": "nosuchtype", "targetValue": 1]]
        let verdict = try await verdict(makeValidator(), TestEnvironment.scaler("web", ["metrics": metrics]))
        #expect(verdict.problems.isEmpty)
        #expect(verdict.warnings == ["spec.metrics[0].type: no plugin reads nosuchtype"])
    }

    @Test("a second claim on a target causes a warning, but not for a scaler without a claim or in another namespace")
    func secondClaim() async throws {
        let other = Self.stored(TestEnvironment.scaler("other", target: "web"))
        let validator = try makeValidator(others: [other])
        let warnings = try await verdict(validator, TestEnvironment.scaler()).warnings
        #expect(warnings.count == 1)
        #expect(warnings.first?.hasPrefix("GeneralScaler other already scales Deployment/web") == true)
        #expect(try await verdict(validator, TestEnvironment.scaler("web", ["paused": true])).warnings.isEmpty)
        #expect(try await verdict(validator, TestEnvironment.scaler("web", ["mode": "DryRun"])).warnings.isEmpty)
        #expect(try await verdict(validator, TestEnvironment.scaler("other", target: "web")).warnings.isEmpty)
        #expect(try await verdict(validator, TestEnvironment.scaler("api")).warnings.isEmpty)
    }

    @Test(
        "another kind of autoscaler on the target causes a warning that names it, but not for a scaler without a claim")
    func otherAutoscaler() async throws {
        let validator = try makeValidator(otherAutoscaler: { target, namespace in
            target.name == "web" && namespace == "shop" ? "HorizontalPodAutoscaler/web-hpa" : nil
        })
        let warnings = try await verdict(validator, TestEnvironment.scaler()).warnings
        #expect(warnings.count == 1)
        #expect(warnings.first?.hasPrefix("HorizontalPodAutoscaler/web-hpa also scales Deployment/web") == true)
        #expect(try await verdict(validator, TestEnvironment.scaler("web", ["paused": true])).warnings.isEmpty)
        #expect(try await verdict(validator, TestEnvironment.scaler("web", ["mode": "DryRun"])).warnings.isEmpty)
        #expect(try await verdict(validator, TestEnvironment.scaler("api")).warnings.isEmpty)
    }

    @Test("a cluster that is slow to report other autoscalers delays no review and hides no problem")
    func slowAutoscaler() async throws {
        source.judge { _, _ in .invalid([ConfigProblem(path: "queue", message: "is required")]) }
        let validator = try makeValidator(otherAutoscaler: { _, _ in
            let (never, _) = AsyncStream<Never>.makeStream()
            for await _ in never {}
            return "HorizontalPodAutoscaler/late"
        })
        async let answer = verdict(validator, Self.scaler(config: [:]))
        try await clock.sleeper(dueIn: AdmissionLimits.autoscalerTime)
        clock.advance(by: AdmissionLimits.autoscalerTime)
        let verdict = try await answer
        #expect(verdict.problems.map(\.description) == ["spec.metrics[0].config.queue: is required"])
        #expect(verdict.warnings.isEmpty)
    }

    @Test("a reference to a Secret that the author may not read causes a warning, and an unknown right causes none")
    func secrets() async throws {
        let reference: JSON = ["valueFrom": ["secretKeyRef": ["name": "redis", "key": "password"]]]
        let object = Self.scaler(config: ["auth": ["password": reference]])
        let denied = try makeValidator { right, user in
            #expect(right == .readSecret(ObjectKey(namespace: "shop", name: "redis")))
            #expect(user["username"] == "jane")
            return false
        }
        #expect(
            try await verdict(denied, object).warnings.first?.hasPrefix("you are not allowed to read Secret redis")
                == true)
        #expect(try await verdict(makeValidator(), object).warnings.isEmpty)
        #expect(try await verdict(makeValidator { _, _ in nil }, object).warnings.isEmpty)
    }

    @Test("a reference to an account whose tokens the author may not create causes a warning, once for many metrics")
    func tokens() async throws {
        func reference(_ audience: String) -> JSON {
            ["valueFrom": ["serviceAccountToken": ["serviceAccountName": "reader", "audience": .string(audience)]]]
        }
        let object = Self.scaler(config: ["first": reference("a"), "second": reference("b")])
        let denied = try makeValidator { right, user in
            #expect(right == .issueToken(serviceAccount: ObjectKey(namespace: "shop", name: "reader")))
            return false
        }
        let warnings = try await verdict(denied, object).warnings
        #expect(warnings.count == 1)
        #expect(warnings.first?.hasPrefix("you are not allowed to create tokens of ServiceAccount reader") == true)
        #expect(warnings.allSatisfy { $0.count <= AdmissionLimits.warningCharacters })
        #expect(try await verdict(makeValidator(), object).warnings.isEmpty)
    }

    @Test("the plugin gets a placeholder for a Secret's value, and its errors about that value are ignored")
    func standIn() async throws {
        source.judge { _, config in
            #expect(config["password"]?.stringValue?.isEmpty == false)
            return .invalid([ConfigProblem(path: "password", message: "is too short")])
        }
        let reference: JSON = ["valueFrom": ["secretKeyRef": ["name": "redis", "key": "password"]]]
        #expect(try await verdict(makeValidator(), Self.scaler(config: ["password": reference])).problems.isEmpty)
        source.judge { _, _ in .invalid([ConfigProblem(path: "url", message: "does not fit the password")]) }
        let doubtful = try await verdict(makeValidator(), Self.scaler(config: ["password": reference]))
        #expect(doubtful.problems.isEmpty)
        #expect(doubtful.warnings == ["spec.metrics[0].config.url: does not fit the password"])
        let wrong: JSON = ["valueFrom": ["secretKeyRef": ["name": "redis"]]]
        #expect(try await !verdict(makeValidator(), Self.scaler(config: ["password": wrong])).problems.isEmpty)
    }

    @Test("a ScalingBudget with an error is refused, and one that is exceeded at once gets a warning")
    func budgets() async throws {
        var validator = try makeValidator()
        validator.budgetScalers = {
            [
                BudgetReview.Scaler(
                    name: "shop/web",
                    consumption: ReplicaConsumption(labels: [:], namespaceLabels: [:], declared: [:]),
                    minReplicas: 1, mayScaleToZero: false, replicas: 8)
            ]
        }
        func budget(_ amount: JSON) -> JSON {
            [
                "apiVersion": "autoscaling.example.com/v1", "kind": "ScalingBudget", "metadata": ["name": "team"],
                "spec": ["limits": [["unit": "replicas", "amount": amount]]],
            ]
        }
        let refused = try await verdict(validator, budget(-2))
        #expect(refused.problems.map(\.path) == ["spec.limits[0].amount"])
        let exceeded = try await verdict(validator, budget(7))
        #expect(exceeded.problems.isEmpty)
        #expect(exceeded.warnings == ["8 of 7 replicas are in use already: members lose replicas"])
        // An old spec does not prevent an edit of labels.
        #expect(try await verdict(validator, budget(-2), old: budget(-2)).problems.isEmpty)
    }

    @Test("a scaler that may be at 0 and owns a guarantee gets a warning, unless the budget reclaims at once")
    func guaranteeAtZero() async throws {
        func warnings(minReplicas: Int, app: String, reclaim: String) async throws -> [String] {
            var validator = try makeValidator()
            let budget = try ScalingBudget(
                [
                    "metadata": ["name": "team-shop", "uid": "b", "resourceVersion": "1"],
                    "spec": [
                        "selector": ["matchLabels": ["team": "shop"]],
                        "limits": [["unit": "replicas", "amount": 9]], "reclaim": .string(reclaim),
                        "sharing": [
                            [
                                "name": "checkout", "selector": ["matchLabels": ["app": "checkout"]],
                                "guarantee": ["replicas": 3],
                            ]
                        ],
                    ],
                ], zones: UniversalTimeOnly())
            validator.budgets = { [budget] }
            var scaler = Self.scaler(config: [:]).objectValue ?? [:]
            var (metadata, spec) = (scaler["metadata"]?.objectValue ?? [:], scaler["spec"]?.objectValue ?? [:])
            metadata["labels"] = ["team": "shop", "app": .string(app)]
            spec["minReplicas"] = .integer(Int64(minReplicas))
            (scaler["metadata"], scaler["spec"]) = (.object(metadata), .object(spec))
            return try await verdict(validator, .object(scaler)).warnings
        }
        let found = try await warnings(minReplicas: 0, app: "checkout", reclaim: "Graceful")
        #expect(found.count == 1 && found[0].hasPrefix("budget team-shop: this GeneralScaler may be at 0"), "\(found)")
        #expect(try await warnings(minReplicas: 1, app: "checkout", reclaim: "Graceful").isEmpty)
        #expect(try await warnings(minReplicas: 0, app: "search", reclaim: "Graceful").isEmpty)
        #expect(try await warnings(minReplicas: 0, app: "checkout", reclaim: "Immediate").isEmpty)
    }

    @Test("a plugin that does not answer in time does not delay the review")
    func slow() async throws {
        let validator = AdmissionValidator(
            source: HangingSource(), scalers: { [] }, hasRight: { _, _ in nil }, otherAutoscaler: { _, _ in nil },
            time: TimeSource(clock: clock) { 0 })
        async let answer = verdict(validator, TestEnvironment.scaler())
        try await clock.sleeper(dueIn: AdmissionLimits.reviewTime)
        clock.advance(by: AdmissionLimits.reviewTime)
        let verdict = try await answer
        #expect(verdict.problems.isEmpty)
        #expect(verdict.warnings.first?.contains("in time") == true)
    }

    @Test("an object that is not a GeneralScaler of this version is allowed, and a malformed review is an error")
    func others() async throws {
        let object: JSON = ["apiVersion": "autoscaling.example.com/v2", "kind": "GeneralScaler", "metadata": [:]]
        #expect(try await verdict(makeValidator(), object).problems.isEmpty)
        #expect(throws: JSONPathError.self) { try AdmissionRequest(["kind": "AdmissionReview"] as JSON) }
        #expect(throws: JSONPathError.self) {
            try AdmissionRequest(["apiVersion": "admission.k8s.io/v1beta1", "request": ["uid": "1"]])
        }
    }
}

/// A plugin that does not answer before the deadline.
private struct HangingSource: MetricSource {
    func run() async throws {}
    func health() async -> [PluginHealth] { [] }
    func metricType(_ type: String) -> InstalledMetricType? { nil }
    func defaults(forType type: String) -> [String: JSON] { [:] }

    func validate(type: String, config: PluginConfig) async -> ConfigVerdict {
        let (never, _) = AsyncStream<Never>.makeStream()
        for await _ in never {}
        return .valid(nil)
    }

    func read(
        type: String, config: PluginConfig, targetType: TargetType, timeout: Duration
    ) async throws(PluginFailure) -> MetricReading {
        throw PluginFailure(.cancelled, plugin: nil, "never asked")
    }
}

extension AdmissionRequest {
    /// Reads a review from the API server.
    init(_ review: JSON) throws(JSONPathError) {
        try self.init(reading: review.encoded()[...], isFromAPIServer: true)
    }
}
