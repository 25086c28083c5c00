import PluginHost
import PluginProtocol
import TestSupport
import Testing
import WireFormats

@testable import Operator
@testable import ScalerAPI

/// A problem of one scaler is reported on that scaler with its fix, and does not affect others.
@Suite("Invalid input", .timeLimit(.minutes(5)))
struct BadInputTests {
    /// Creates a valid scaler besides the invalid one; both are polled twice.
    private func report(
        _ bad: JSON, in environment: TestEnvironment, _ check: (OperatorFixture) async throws -> Void
    ) async throws {
        try environment.deploy("good", replicas: 2)
        environment.source.answer { _ in 200 }
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(bad)
            try fixture.create(TestEnvironment.scaler("good"))
            try await fixture.poll(2)
            #expect(try fixture.replicas(of: "good") == 4)
            #expect(try fixture.condition("Ready", of: "good")?["status"] == "True")
            try await check(fixture)
        }
    }

    private func expectBlocked(_ fixture: OperatorFixture, _ reason: String, hint: String) async throws {
        let ready = try #require(try fixture.condition("Ready"))
        #expect(ready["status"] == "False")
        #expect(ready["reason"]?.stringValue == reason)
        #expect(ready["message"]?.stringValue?.contains(hint) == true, "\(ready)")
        #expect(try fixture.condition("ScalingActive")?["status"] == "False")
        #expect(try fixture.status()["reason"] == ready["message"])
        let event = try await fixture.event(reason)
        #expect(event["type"] == "Warning")
        #expect(event["note"] == ready["message"])
        #expect(event["regarding"]?["name"] == "web")
        #expect(try fixture.status()["conditions"]?.arrayValue?.allSatisfy { $0["observedGeneration"] == 1 } == true)
    }

    @Test("a spec that contradicts itself is reported field by field")
    func invalidSpec() async throws {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 3)
        try await report(TestEnvironment.scaler("web", ["minReplicas": 5, "maxReplicas": 4]), in: environment) {
            fixture in
            try await expectBlocked(fixture, "InvalidSpec", hint: "spec.maxReplicas: must be at least minReplicas")
            #expect(try fixture.replicas() == 3)
        }
    }

    @Test("a metric type that no plugin reads is reported as such")
    func unknownType() async throws {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 3)
        let metrics: JSON = [["type": "nosuch", "targetValue": 1]]
        try await report(TestEnvironment.scaler("web", ["metrics": metrics]), in: environment) { fixture in
            try await expectBlocked(fixture, "UnknownMetricType", hint: "spec.metrics[0]: no plugin reads nosuch")
            #expect(try fixture.replicas() == 3)
        }
    }

    @Test("a config that the plugin rejects is reported with the path of the field")
    func invalidConfig() async throws {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 3)
        environment.source.judge { _, config in
            config["query"] == nil ? .valid(nil) : .invalid([ConfigProblem(path: "query", message: "is no query")])
        }
        let metrics: JSON = [["type": "test", "targetValue": 1, "config": ["query": "(("]]]
        try await report(TestEnvironment.scaler("web", ["metrics": metrics]), in: environment) { fixture in
            try await expectBlocked(fixture, "InvalidMetricConfig", hint: "spec.metrics[0].config.query: is no query")
        }
    }

    @Test("a plugin that is not available holds the replicas until it is")
    func pluginUnavailable() async throws {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 3)
        environment.source.judge { _, config in
            config["down"] == nil
                ? .valid(nil) : .unavailable(PluginFailure(.notRunning, plugin: "test", "plugin test is not running"))
        }
        let metrics: JSON = [["type": "test", "targetValue": 100, "config": ["down": true]]]
        try await report(TestEnvironment.scaler("web", ["metrics": metrics]), in: environment) { fixture in
            try await expectBlocked(fixture, "PluginUnavailable", hint: "plugin test is not running")
            environment.source.judge { _, _ in .valid(nil) }
            try await fixture.poll(2)
            #expect(try fixture.condition("Ready")?["status"] == "True")
            #expect(try fixture.replicas() == 6)
        }
    }

    @Test("a scaler waits for a missing target and scales it as soon as it exists")
    func missingTarget() async throws {
        let environment = try TestEnvironment()
        try await report(TestEnvironment.scaler(), in: environment) { fixture in
            try await expectBlocked(
                fixture, "TargetNotFound", hint: "Deployment/web does not exist in namespace shop: create it")
            #expect(try fixture.condition("AbleToScale")?["reason"] == "TargetNotFound")
            let polls = fixture.log.records.count { $0.message == "poll finished" }
            try environment.deploy(replicas: 2)
            // No time passes: the creation of the target starts the poll.
            await fixture.polls(polls + 1)
            #expect(try fixture.replicas() == 4)
            #expect(try await fixture.event("Recovered")["type"] == "Normal")
        }
    }

    @Test("a target of a kind that cannot be scaled is reported with its requirements")
    func notScalable() async throws {
        let environment = try TestEnvironment()
        let target: JSON = ["apiVersion": "v1", "kind": "ConfigMap", "name": "settings"]
        try await report(
            TestEnvironment.scaler("web", ["targetDeployment": .null, "targetRef": target]), in: environment
        ) { fixture in
            try await expectBlocked(fixture, "TargetNotScalable", hint: "check apiVersion and kind of targetRef")
        }
    }

    @Test("an unreachable source holds the replicas with a message, and scaling continues when the source is back")
    func unreachableSource() async throws {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 3)
        let error = PluginError(.sourceUnreachable, "connection refused: is the address right?")
        environment.source.answer("prometheus") { _ throws(PluginFailure) in
            throw PluginFailure(.answered(error), plugin: "prometheus", "plugin prometheus answered \(error)")
        }
        let metrics: JSON = [["type": "prometheus", "targetValue": 100]]
        try await report(TestEnvironment.scaler("web", ["metrics": metrics]), in: environment) { fixture in
            try await fixture.poll(20)
            #expect(try fixture.replicas() == 3)
            let ready = try fixture.condition("Ready")
            #expect(ready?["reason"] == "NoData")
            #expect(ready?["message"]?.stringValue?.contains("connection refused: is the address right?") == true)
            #expect(try await fixture.event("NoData")["type"] == "Warning")
            environment.source.answer("prometheus") { _ in 200 }
            try await fixture.poll(2)
            #expect(try fixture.condition("Ready")?["status"] == "True")
            #expect(try fixture.replicas() == 6)
        }
    }

    @Test("a query that its source rejects is an invalid config with the source's message, and not only missing data")
    func refusedQuery() async throws {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 3)
        let error = PluginError(.configInvalid, "Prometheus refuses the query: 1:4: parse error", path: "query")
        environment.source.answer("prometheus") { _ throws(PluginFailure) in
            throw PluginFailure(.answered(error), plugin: "prometheus", "plugin prometheus answered \(error)")
        }
        let metrics: JSON = [["type": "prometheus", "targetValue": 100]]
        try await report(TestEnvironment.scaler("web", ["metrics": metrics]), in: environment) { fixture in
            try await fixture.poll(20)
            #expect(try fixture.replicas() == 3)
            let ready = try fixture.condition("Ready")
            #expect(ready?["status"] == "False")
            #expect(ready?["reason"] == "InvalidMetricConfig")
            #expect(
                ready?["message"]
                    == "spec.metrics[0].config.query: Prometheus refuses the query: 1:4: parse error")
            #expect(try fixture.condition("ScalingActive")?["reason"] == "InvalidMetricConfig")
            #expect(try await fixture.event("InvalidMetricConfig")["type"] == "Warning")
            environment.source.answer("prometheus") { _ in 200 }
            // A refused query is asked again after a pause of up to a minute.
            var polls = 0
            while polls < 10, try fixture.condition("Ready")?["status"] != "True" {
                try await fixture.poll()
                polls += 1
            }
            #expect(try fixture.condition("Ready")?["status"] == "True")
            #expect(try fixture.replicas() == 6)
        }
    }

    @Test(
        "a config that one of two sources rejects is reported, while the other metric continues to drive the replicas")
    func refusedBesideAnother() async throws {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 3)
        let error = PluginError(.configInvalid, "key jobs is a set, not a list")
        environment.source.answer("redis") { _ throws(PluginFailure) in
            throw PluginFailure(.answered(error), plugin: "redis", "plugin redis answered \(error)")
        }
        environment.source.answer("prometheus") { _ in 200 }
        let metrics: JSON = [["type": "prometheus", "targetValue": 100], ["type": "redis", "targetValue": 5]]
        try await report(TestEnvironment.scaler("web", ["metrics": metrics]), in: environment) { fixture in
            #expect(try fixture.replicas() == 6)
            let ready = try fixture.condition("Ready")
            #expect(ready?["reason"] == "InvalidMetricConfig")
            #expect(ready?["message"] == "spec.metrics[1]: key jobs is a set, not a list")
            #expect(try fixture.condition("ScalingActive")?["status"] == "True")
        }
    }
}
