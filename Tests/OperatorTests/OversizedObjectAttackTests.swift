import ClusterSimulator
import KubernetesClient
import TestSupport
import Testing
import WireFormats

@testable import Operator
@testable import ScalerAPI

/// Objects of a tenant that are so large that reading them would crash the operator.
@Suite("Oversized objects", .timeLimit(.minutes(3)), .serialized)
struct OversizedObjectAttackTests {
    private static func scaler(_ name: String, config: JSON) -> JSON {
        TestEnvironment.scaler(name, ["metrics": [["type": "test", "targetValue": 100, "config": config]]])
    }

    /// Returns an object with that many empty members.
    private static func wide(_ members: Int) -> JSON {
        .object(Dictionary((0..<members).map { ("m\($0)", [:]) }) { first, _ in first })
    }

    /// Values deeper than a schema reaches.
    private static let huge: JSON = ["a": ["b": ["c": wide(20_000)]]]

    /// Not test arguments, because these are printed.
    private static let wideConfigs: [JSON] = [
        wide(129), ["a": wide(129)], ["a": ["b": wide(129)]], ["a": .array(Array(repeating: 0, count: 257))],
        ["a": [.string(String(repeating: "x", count: 61_441))]], ["a": [.array(Array(repeating: 0, count: 257))]],
    ]

    @Test("the API server refuses a config with too many members on one of its first three levels")
    func schema() throws {
        let environment = try TestEnvironment()
        for (number, config) in Self.wideConfigs.enumerated() {
            #expect(throws: (any Error).self, "\(number)") {
                try environment.api.create(Self.scaler("web", config: config))
            }
        }
        #expect(throws: Never.self) {
            try environment.api.create(Self.scaler("web", config: ["a": Self.wide(128), "b": [["c": "d"], 1, nil]]))
        }
    }

    @Test("six objects of 20,000 values get a condition at every start, and others are scaled")
    func conditions() async throws {
        let environment = try TestEnvironment()
        environment.source.answer { _ in 200 }
        try environment.deploy("good", replicas: 2)
        for number in 0..<6 {
            try environment.deploy("huge\(number)", replicas: 3)
            try environment.api.create(Self.scaler("huge\(number)", config: Self.huge))
        }
        // Each poll doubles its replicas, up to this.
        try environment.api.create(TestEnvironment.scaler("good", ["maxReplicas": 4]))
        for start in 0..<2 {
            try await OperatorFixture.run(environment) { fixture in
                try await fixture.poll(14)
                let good = try fixture.condition("Ready", of: "good")
                #expect(try fixture.replicas(of: "good") == 4, "\(String(describing: good))")
                for number in 0..<6 {
                    let name = "huge\(number)"
                    let ready = try #require(try fixture.condition("Ready", of: name))
                    #expect(ready["status"] == "False" && ready["reason"] == "InvalidSpec")
                    let message = ready["message"]?.stringValue ?? ""
                    #expect(
                        message.contains("values (scalars, arrays and objects), and at most 8192 are read"),
                        "\(message)")
                    #expect(try fixture.replicas(of: name) == 3)
                }
                if start == 0 { environment.api.clearRequests() }
            }
        }
        // The second start found the conditions up to date, and wrote none.
        #expect(environment.api.requests.allSatisfy { !($0.method == "PATCH" && $0.path.contains("/huge")) })
    }

    @Test("an oversized object that is made smaller works again, with the state from its status")
    func mended() async throws {
        let environment = try TestEnvironment()
        environment.source.answer { _ in 200 }
        try environment.deploy(replicas: 2)
        try environment.api.create(TestEnvironment.scaler())
        try await OperatorFixture.run(environment) { fixture in
            try await fixture.poll(2)
            #expect(try fixture.replicas() == 4)
            let scaled = try fixture.condition("Ready")
            try fixture.edit("web", ["metrics": [["type": "test", "targetValue": 100, "config": Self.huge]]])
            try await fixture.poll(1)
            #expect(try fixture.condition("Ready")?["reason"] == "InvalidSpec")
            try fixture.edit("web", ["metrics": [["type": "test", "targetValue": 100]]])
            try await fixture.poll(2)
            #expect(try fixture.condition("Ready")?["status"] == scaled?["status"])
        }
    }

    @Test("a config above its own limits is invalid in a valid object, and the message has the limit and the size")
    func configBounds() throws {
        let configs: [(config: JSON, message: String)] = [
            (["a": ["b": ["c": Self.wide(2_050)]]], "has 2054 values (scalars, arrays and objects), and at most 2048"),
            (
                ["a": .string(String(repeating: "é", count: 31_000))],
                "has 62008 bytes as JSON, and at most 61440"
            ),
            ((0..<16).reduce(["z": 1]) { inner, _ in ["y": inner] }, "is nested 17 deep, and at most 16"),
        ]
        for (config, message) in configs {
            let spec: JSON = [
                "targetDeployment": "web", "maxReplicas": 3,
                "metrics": [["type": "test", "targetValue": 1, "config": config]],
            ]
            guard case .failure(let invalid) = GeneralScalerSpec.parse(spec) else {
                Issue.record("\(message): is accepted")
                continue
            }
            #expect(invalid.problems.map(\.path) == ["spec.metrics[0].config"])
            #expect(invalid.description.contains(message), "\(invalid)")
        }
    }

    @Test("admission refuses an object above the limits, but allows a change of its labels")
    func admission() throws {
        let object = Self.scaler("web", config: Self.huge)
        let refused = try AdmissionRequest(AdmissionValidatorTests.review(object))
        guard case .failure(let invalid) = refused.spec else {
            Issue.record("is not refused")
            return
        }
        #expect(invalid.description.contains("at most 8192 are read"))
        var labelled = object.objectValue ?? [:]
        labelled["metadata"] = ["name": "web", "namespace": "shop", "labels": ["a": "b"]]
        #expect(try AdmissionRequest(AdmissionValidatorTests.review(.object(labelled), old: object)).spec == nil)
        // A change from too large to valid is reviewed like any other.
        let smaller = try AdmissionRequest(AdmissionValidatorTests.review(TestEnvironment.scaler(), old: object))
        #expect((try? smaller.spec?.get()) != nil)
    }
}
