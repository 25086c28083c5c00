import PluginHost
import Scaling
import Synchronization
import TestSupport
import Testing
import WireFormats

@testable import Operator
@testable import ScalerAPI

@Suite("Config fields that the operator fills in", .timeLimit(.minutes(5)))
struct FilledConfigTests {
    private static let schema: JSON = [
        "properties": [
            "namespace": ["type": "string", "x-from": "scaler.namespace"],
            "scaler": ["type": "string", "x-from": "scaler.name"],
            "version": ["type": "string", "x-from": "target.apiVersion"],
            "kind": ["type": "string", "x-from": "target.kind"],
            "target": ["type": "string", "x-from": "target.name"],
            "selector": ["type": "string", "x-from": "target.selector"],
            "query": ["type": "string"],
        ]
    ]

    @Test("a plugin gets the filled-in scaler, target and selector, and two scalers do not share a reading")
    func filled() async throws {
        let environment = try TestEnvironment()
        environment.source.declare(Self.schema)
        let validated = Mutex<[JSON]>([])
        let read = Mutex<[JSON]>([])
        environment.source.judge { _, config in
            validated.withLock { $0.append(config) }
            return .valid(nil)
        }
        environment.source.answer { config in
            read.withLock { $0.append(config) }
            return 100
        }
        for name in ["web", "api"] { try environment.deploy(name, replicas: 3) }
        try await OperatorFixture.run(environment) { fixture in
            for name in ["web", "api"] {
                try fixture.create(
                    TestEnvironment.scaler(
                        name + "-scaler", target: name,
                        ["metrics": [["type": "test", "targetValue": 100, "config": ["query": "up"]]]]))
            }
            try await fixture.poll(6)
        }
        func expected(_ name: String) -> JSON {
            [
                "namespace": .string(OperatorFixture.namespace), "scaler": .string(name + "-scaler"),
                "version": "apps/v1", "kind": "Deployment", "target": .string(name),
                "selector": .string("app=\(name)"), "query": "up",
            ]
        }
        for name in ["web", "api"] {
            #expect(read.withLock { $0.contains(expected(name)) })
            #expect(validated.withLock { $0.contains(expected(name)) })
        }
        #expect(read.withLock { Set($0) } == [expected("web"), expected("api")])
    }

    @Test("a spec that sets a field that the operator fills in is not read, and the message names the field to remove")
    func refused() async throws {
        let environment = try TestEnvironment()
        environment.source.declare(Self.schema)
        environment.source.answer { _ in 100 }
        try environment.deploy(replicas: 3)
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(
                TestEnvironment.scaler(
                    "web",
                    [
                        "metrics": [
                            ["type": "test", "targetValue": 100, "config": ["namespace": "other", "query": "up"]]
                        ]
                    ]
                ))
            try await fixture.poll(2)
            let ready = try #require(try fixture.condition("Ready"))
            #expect(ready["reason"] == "InvalidMetricConfig")
            #expect(
                ready["message"]?.stringValue?.contains(
                    "spec.metrics[0].config.namespace: is filled in by the operator with scaler.namespace: remove it")
                    == true)
            #expect(environment.source.reads == 0)
        }
    }

    @Test("the metric's target is filled in, and only the administrator's defaults set a field of theirs")
    func defaults() throws {
        let source = ScriptedSource(now: { 0 })
        source.answer { _ in 1 }
        source.declare([
            "properties": [
                "server": ["type": "string", "x-address": true, "x-from": "defaults"],
                "tls": ["type": "object", "x-from": "defaults"],
                "token": ["type": "string", "x-secret": true, "x-from": "defaults"],
                "goal": ["type": "string", "x-from": "metric.targetValue"], "query": ["type": "string"],
            ]
        ])
        source.setDefaults(["server": "https://api", "tls": ["ca": "/ca"], "goal": "7", "query": "up"])
        let scaler = FilledScaler(
            namespace: "shop", name: "web", target: .init(apiVersion: "apps/v1", kind: "Deployment", name: "web"))
        let own: JSON = ["server": "https://attacker", "token": "x", "query": "down"]
        let template = source.template(type: "test", own: own, targetValue: 0.25, for: scaler, path: "c")
        #expect(
            template.json == ["server": "https://api", "tls": ["ca": "/ca"], "goal": "0.25", "query": "down"])
        #expect(template.inherited == ["server", "tls"])
        let input = source.template(type: "test", own: [:], targetValue: nil, for: scaler, path: "c")
        #expect(input.json["goal"] == nil && input.json["query"] == "up")
        let problems = source.filledFieldProblems(type: "test", own: own, path: "c")
        #expect(problems.map(\.path) == ["c.server", "c.token"])
        #expect(problems.allSatisfy { $0.message.contains("the administrator only") })
    }

    @Test(
        "a label selector is written in the syntax of kubectl",
        arguments: [
            (["matchLabels": ["tier": "web", "app": "shop"]], "app=shop,tier=web"),
            (["matchLabels": ["app": ""]], "app="),
            (
                [
                    "matchLabels": ["app": "shop"],
                    "matchExpressions": [
                        ["key": "tier", "operator": "In", "values": ["b", "a"]],
                        ["key": "old", "operator": "DoesNotExist"], ["key": "zone", "operator": "Exists"],
                        ["key": "env", "operator": "NotIn", "values": ["test"]],
                    ],
                ], "!old,app=shop,env notin (test),tier in (a,b),zone"
            ),
            ([:], nil), (.null, nil), (["matchLabels": [:]], nil), (["matchLabels": ["a": 1]], nil),
            (["matchExpressions": [["key": "a", "operator": "Gt", "values": ["1"]]]], nil),
            (["matchExpressions": [["key": "a", "operator": "In", "values": []]]], nil),
        ] as [(JSON, String?)])
    func selector(json: JSON, text: String?) {
        #expect(LabelSelector.text(json) == text)
    }
}
