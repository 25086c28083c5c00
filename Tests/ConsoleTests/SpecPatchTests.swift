import ScalerAPI
import Testing
import WireFormats

@testable import Console

@Suite("The patch of a changed spec")
struct SpecPatchTests {
    private static let spec: JSON = [
        "targetDeployment": "web", "maxReplicas": 20, "policy": ["config": ["tolerance": 0.2]],
        "metrics": [
            ["type": "prometheus", "name": "load", "targetValue": 100, "config": ["password": "canary"]],
            ["type": "redis", "name": "queue", "targetValue": 5],
        ],
        "safety": ["cooldownSeconds": 300, "maxScaleUpRate": 3],
    ]

    private func patch(_ path: String, _ value: JSON) throws -> [JSON] {
        let changed = try #require(WhatIf.set(value, in: Self.spec, path.split(separator: ".")[...]))
        return SpecPatch(from: try SpecDraft(Self.spec).spec, to: try SpecDraft(changed).spec).operations
    }

    private let test: (Int, JSON) -> JSON = { index, type in
        ["op": "test", "path": .string("/spec/metrics/\(index)/type"), "value": type]
    }

    @Test("an unchanged spec and one that says the defaults have an empty patch")
    func unchanged() throws {
        #expect(try patch("maxReplicas", 20) == [])
        #expect(try patch("minReplicas", 1) == [])
        #expect(try patch("pollingIntervalSeconds", 15) == [])
    }

    @Test("a changed field is patched alone, and a removed one is removed")
    func fields() throws {
        let path: JSON = "/spec/safety/cooldownSeconds"
        #expect(try patch("safety.cooldownSeconds", 60) == [["op": "add", "path": path, "value": 60]])
        #expect(try patch("safety.cooldownSeconds", .null) == [["op": "remove", "path": path]])
        #expect(try patch("safety", .null) == [["op": "remove", "path": "/spec/safety"]])
        #expect(
            try patch("forecast.mode", "Report") == [
                ["op": "add", "path": "/spec/forecast", "value": ["mode": "Report"]]
            ])
        #expect(
            try patch("policy.config.tolerance", 0.3) == [
                ["op": "add", "path": "/spec/policy", "value": ["type": "slo", "config": ["tolerance": 0.3]]]
            ])
    }

    @Test("a metric keeps its config, and is patched only if it is still in its place")
    func metrics() throws {
        #expect(
            try patch("metrics.1.targetValue", 7.5) == [
                test(1, "redis"), ["op": "add", "path": "/spec/metrics/1/targetValue", "value": 7.5],
            ])
        let load = try #require(Self.spec["metrics"]?[0])
        #expect(try patch("metrics", [load]) == [test(1, "redis"), ["op": "remove", "path": "/spec/metrics/1"]])
        #expect(!"\(try patch("metrics", [load]))".contains("canary"))
        let added: JSON = ["type": "http", "name": "jobs", "targetValue": 2, "config": ["url": "http://a"]]
        let queue = try #require(Self.spec["metrics"]?[1])
        #expect(
            try patch("metrics", [load, queue, added]) == [["op": "add", "path": "/spec/metrics/-", "value": added]])
    }

    @Test("problems of an edited text have the line, of a manifest and of a spec alone")
    func lines() {
        let spec = "targetDeployment: web\nmaxReplicas: 3\nmetrics:\n- type: redis\n  targetValue: 0\n"
        let bare = #expect(throws: WhatIfProblem.self) { try SpecDraft(yaml: spec) }
        #expect(bare?.places.map(\.line) == [5])
        #expect(bare?.places.map(\.path) == ["spec.metrics[0].targetValue"])
        let manifest = "spec:\n" + spec.split(separator: "\n").map { "  \($0)\n" }.joined()
        let whole = #expect(throws: WhatIfProblem.self) { try SpecDraft(yaml: manifest) }
        #expect(whole?.places.map(\.line) == [6])
        for text in ["", "a: [", "\u{FEFF}", "--- 1\n--- 2\n", "spec: 3", "<script>"] {
            #expect(throws: WhatIfProblem.self) { try SpecDraft(yaml: text) }
        }
    }
}
