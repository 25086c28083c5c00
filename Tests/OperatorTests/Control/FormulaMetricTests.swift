import PluginProtocol
import Testing
import WireFormats

@testable import Operator
@testable import PluginHost
@testable import ScalerAPI

@Suite("A metric with a formula, through the whole operator", .timeLimit(.minutes(5)))
struct FormulaMetricTests {
    private static let metrics: JSON = [
        ["name": "drain", "formula": "backlog / max(rate ?? 4, 1)", "targetValue": 10, "targetType": "Value"],
        ["name": "backlog", "type": "queue"], ["name": "rate", "type": "speed"],
    ]

    private static let fast: JSON = ["cooldownSeconds": 0, "scaleDownStabilizationSeconds": 0]

    @Test("the operator scales on a formula, and the status shows the formula with its inputs")
    func scales() async throws {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 3)
        environment.source.answer("queue") { _ in 84 }
        environment.source.answer("speed") { _ in 6 }
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler("web", ["metrics": Self.metrics]))
            try await fixture.poll()
            #expect(try fixture.replicas() == 5)
            let status = try fixture.status()
            #expect(
                status["reason"]
                    == "Scale from 3 to 5: drain is 14 (84 / max(6 ?? 4, 1)) against a target of 10, ratio 1.4, which asks for 5."
            )
            #expect(status["metrics"]?.arrayValue?.count == 1)
            #expect(status["metrics"]?[0]?["formula"] == "backlog / max(rate ?? 4, 1)")
            #expect(status["metrics"]?[0]?["filledFormula"] == "84 / max(6 ?? 4, 1)")
            #expect(status["inputs"]?.arrayValue?.compactMap { $0["name"]?.stringValue } == ["backlog", "rate"])
            #expect(status["inputs"]?[1]?["value"] == 6)
            #expect(try fixture.condition("Ready")?["status"] == "True")
        }
    }

    @Test("an assumed value removes no replicas until the missing input has a value")
    func assumed() async throws {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 5)
        environment.source.answer("queue") { _ in 21 }
        environment.source.answer("speed") { (_) throws(PluginFailure) in
            throw PluginFailure(.answered(PluginError(.noData, "empty")), plugin: "speed", "empty")
        }
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler("web", ["metrics": Self.metrics, "safety": Self.fast]))
            try await fixture.poll()
            #expect(try fixture.replicas() == 5)
            #expect(try fixture.status()["limitedBy"] == ["AssumedValue"])
            #expect(try fixture.status()["metrics"]?[0]?["assumed"] == true)
            environment.source.answer("speed") { _ in 6 }
            try await fixture.poll(3)
            #expect(try (fixture.replicas() ?? 5) < 5)
        }
    }

    @Test("a formula input that cannot be read holds the replicas, and `??` does not hide the failure")
    func failure() async throws {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 5)
        environment.source.answer("queue") { _ in 21 }
        environment.source.answer("speed") { (_) throws(PluginFailure) in
            throw PluginFailure(.notRunning, plugin: "speed", "plugin speed is not running")
        }
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler("web", ["metrics": Self.metrics, "safety": Self.fast]))
            try await fixture.poll(2)
            #expect(try fixture.replicas() == 5)
            #expect(try fixture.status()["limitedBy"] == ["NoData"])
            let error = try fixture.status()["metrics"]?[0]?["error"]?.stringValue
            #expect(error == "rate could not be read: plugin speed is not running")
        }
    }

    @Test("a config problem of a formula input is reported with its path in the spec")
    func place() async throws {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 5)
        environment.source.answer("queue") { _ in 21 }
        environment.source.answer("speed") { (_) throws(PluginFailure) in
            throw PluginFailure(
                .answered(PluginError(.configInvalid, "is no query", path: "query")), plugin: "speed", "invalid")
        }
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler("web", ["metrics": Self.metrics]))
            try await fixture.poll()
            #expect(try fixture.condition("Ready")?["message"] == "spec.metrics[2].config.query: is no query")
        }
    }
}
