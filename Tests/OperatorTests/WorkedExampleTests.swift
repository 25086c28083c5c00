import TestSupport
import Testing
import WireFormats

@testable import Operator
@testable import ScalerAPI

@Suite("The example of the documentation, through the whole operator", .timeLimit(.minutes(5)))
struct WorkedExampleTests {
    /// The `examples` of the README, unchanged except for the metric type, which is scripted here.
    private let scaler: JSON = [
        "apiVersion": "autoscaling.example.com/v1", "kind": "GeneralScaler",
        "metadata": ["name": "http-app-scaler", "namespace": .string(OperatorFixture.namespace)],
        "spec": [
            "targetDeployment": "http-app", "minReplicas": 2, "maxReplicas": 10,
            "metrics": [
                ["type": "prometheus", "config": ["query": "rate(http_requests_total[5m])"], "targetValue": 100]
            ],
            "policy": ["type": "slo"],
            "safety": ["cooldownSeconds": 300, "maxScaleUpRate": 3, "maxScaleDownRate": 1],
        ],
    ]

    @Test("a constant load of 700 scales 2 -> 5 -> 7, exactly 300 s apart, and causes no further write")
    func constantLoad() async throws {
        let environment = try TestEnvironment()
        try environment.deploy("http-app", replicas: 2)
        try await OperatorFixture.run(environment) { fixture in
            environment.source.answer("prometheus") { _ in 700 / Double((try? fixture.replicas(of: "http-app")) ?? 1) }
            try fixture.create(scaler)
            try await fixture.poll()
            var steps: [Int: Int] = [:]
            let start = fixture.seconds
            steps[0] = try fixture.replicas(of: "http-app")
            while fixture.seconds < start + 900 {
                let before = try fixture.replicas(of: "http-app")
                try await fixture.poll()
                let after = try fixture.replicas(of: "http-app")
                if after != before { steps[fixture.seconds - start] = after }
            }
            #expect(steps == [0: 5, 300: 7])
            let writes = fixture.writes.count
            try await fixture.poll(240)
            #expect(fixture.writes.count == writes)
            let audited = fixture.audit.all.compactMap { $0["decision"]?["desired"]?.intValue }
            #expect(audited.contains(5) && audited.contains(7))
        }
    }
}
