import Scaling
import Testing
import WireFormats

@testable import ScalerAPI

@Suite("The spec of a ScalingBudget")
struct ScalingBudgetSpecTests {
    private static func spec(_ members: [String: JSON]) -> JSON {
        let base: [String: JSON] = ["limits": [["unit": "cost", "perHour": 40.5], ["unit": "replicas", "amount": 7]]]
        return .object(base.merging(members) { $1 })
    }

    @Test("an empty budget has the documented defaults")
    func defaults() throws {
        let spec = try ScalingBudgetSpec.parse(Self.spec([:])).get()
        #expect(spec.limits.map(\.unit) == ["cost", "replicas"])
        #expect(spec.limits[0].amount.millionths == 40_500_000)
        #expect(spec.mode == .enforce && spec.reclaim == .graceful && spec.onInvalid == .hold)
        #expect(spec.selector.matches(labels: [:], namespaceLabels: [:]))
    }

    @Test(
        "an error names its field",
        arguments: [
            (["limits": []], "spec.limits"),
            (["limits": [["unit": "cost", "amount": 1]]], "spec.limits[0].amount"),
            (["limits": [["unit": "gpu", "perHour": 1]]], "spec.limits[0].perHour"),
            (["limits": [["unit": "gpu"]]], "spec.limits[0].amount"),
            (["limits": [["unit": "gpu", "amount": -0.1]]], "spec.limits[0].amount"),
            (["limits": [["unit": "gpu", "amount": 0.0000001]]], "spec.limits[0].amount"),
            (["limits": [["unit": "gpu", "amount": 1], ["unit": "gpu", "amount": 2]]], "spec.limits[1].unit"),
            (["consumption": [["amounts": ["gpu": 1]]]], "spec.consumption[0].amounts.gpu"),
            (["consumption": [["amounts": ["replicas": 2]]]], "spec.consumption[0].amounts.replicas"),
            (["sharing": [["name": "a", "weight": 0]]], "spec.sharing[0].weight"),
            (["sharing": [["name": "a"], ["name": "a"]]], "spec.sharing[1].name"),
            (
                ["sharing": [["name": "a", "guarantee": ["cost": 40]], ["name": "b", "guarantee": ["cost": 0.6]]]],
                "spec.sharing"
            ),
            (["mode": "Off"], "spec.mode"),
            (["selector": ["matchLabels": ["a": 1]]], "spec.selector.matchLabels.a"),
            (
                ["selector": ["matchExpressions": [["key": "a", "operator": "In"]]]],
                "spec.selector.matchExpressions[0].values"
            ),
            (["windows": [["name": "n", "start": "0 20 * * *", "duration": "1h"]]], "spec.windows[0]"),
            (
                ["windows": [["name": "n", "start": "0 20 * * *", "duration": "1h", "amounts": ["gpu": 1]]]],
                "spec.windows[0].amounts.gpu"
            ),
            (
                ["windows": [["name": "n", "start": "0 20 * * *", "duration": "1h", "amounts": ["cost": -0.3]]]],
                "spec.windows[0].amounts.cost"
            ),
            (
                ["windows": [["name": "n", "start": "0 20 * * *", "duration": "1h", "amounts": ["cost": 2e18]]]],
                "spec.windows[0].amounts.cost"
            ),
            (
                [
                    "windows": [
                        ["name": "m", "start": "0 20 * * *", "duration": "1h", "amounts": ["cost": 1]],
                        ["name": "n", "start": "0 21 * * *", "duration": "1h", "amounts": ["replicas": 0.0000001]],
                    ]
                ],
                "spec.windows[1].amounts.replicas"
            ),
        ] as [([String: JSON], String)])
    func errors(change: [String: JSON], path: String) {
        guard case .failure(let invalid) = ScalingBudgetSpec.parse(Self.spec(change)) else {
            Issue.record("accepted \(change)")
            return
        }
        #expect(invalid.problems.map(\.path) == [path], "\(invalid)")
    }

    @Test("a window sets the limit of its unit while it lasts")
    func windows() throws {
        let spec = try ScalingBudgetSpec.parse(
            Self.spec([
                "windows": [
                    ["name": "night", "start": "0 20 * * *", "end": "0 6 * * *", "amounts": ["cost": 20.25]]
                ]
            ])
        ).get()
        let day = try #require(Timestamp(rfc3339: "2026-03-02T19:59:59Z"))
        let night = try #require(Timestamp(rfc3339: "2026-03-02T20:00:00Z"))
        #expect(spec.amount(of: spec.limits[0], at: day).units == 40.5)
        #expect(spec.amount(of: spec.limits[0], at: night).units == 20.25)
        #expect(spec.amount(of: spec.limits[1], at: night).units == 7)
    }

    @Test("a limit may be 0, always or in a window")
    func zero() throws {
        let json: JSON = [
            "limits": [["unit": "nvidia.com/gpu", "amount": 7.3], ["unit": "cost", "perHour": 0]],
            "windows": [["name": "night", "start": "0 20 * * *", "duration": "1h", "amounts": ["nvidia.com/gpu": 0]]],
        ]
        let spec = try ScalingBudgetSpec.parse(json).get()
        let night = try #require(Timestamp(rfc3339: "2026-03-02T20:59:59Z"))
        let later = try #require(Timestamp(rfc3339: "2026-03-02T21:00:00Z"))
        #expect(spec.amount(of: spec.limits[0], at: night) == .zero)
        #expect(spec.amount(of: spec.limits[0], at: later).millionths == 7_300_000)
        #expect(spec.amount(of: spec.limits[1], at: later) == .zero)
    }

    @Test("selectors match labels as in Kubernetes")
    func selectors() throws {
        func matches(_ expression: JSON, _ labels: [String: String]) throws -> Bool {
            try LabelMatcher(JSONReader(["matchExpressions": [expression]])).matches(labels)
        }
        let isIn: JSON = ["key": "tier", "operator": "In", "values": ["a", "b"]]
        #expect(try matches(isIn, ["tier": "b"]))
        #expect(try !matches(isIn, ["tier": "c"]))
        #expect(try !matches(isIn, [:]))
        let isNot: JSON = ["key": "tier", "operator": "NotIn", "values": ["a"]]
        #expect(try matches(isNot, [:]))
        #expect(try matches(isNot, ["tier": "b"]))
        #expect(try !matches(isNot, ["tier": "a"]))
        #expect(try matches(["key": "tier", "operator": "Exists"], ["tier": ""]))
        #expect(try matches(["key": "tier", "operator": "DoesNotExist"], ["other": "a"]))
    }

    @Test("an invalid spec keeps the last valid one of the status")
    func lastValid() throws {
        let budget = try ScalingBudget(
            [
                "metadata": ["name": "shop", "uid": "u", "resourceVersion": "7", "generation": 3],
                "spec": ["limits": [["unit": "cost"]], "selector": ["matchLabels": ["team": "shop"]]],
                "status": ["lastValid": .string(Self.spec(["reclaim": "Immediate"]).description)],
            ], zones: UniversalTimeOnly())
        #expect(budget.effective(zones: UniversalTimeOnly())?.reclaim == .immediate)
        #expect(budget.selectorOfInvalid?.matches(labels: ["team": "other"], namespaceLabels: [:]) == false)
        #expect(budget.onInvalid == .hold)
    }

    @Test("unknown fields are errors in files, and ignored in objects of a newer version")
    func unknownFields() throws {
        let json = Self.spec([
            "limit": 3, "sharing": [["name": "a", "guarantees": ["cost": 1]]],
            "windows": [["name": "n", "start": "0 20 * * *", "duration": "1h", "amounts": ["cost": 1], "amount": 2]],
        ])
        _ = try ScalingBudgetSpec.parse(json).get()
        guard case .failure(let invalid) = ScalingBudgetSpec.parse(json, unknownFields: .refused) else {
            Issue.record("accepted unknown fields")
            return
        }
        #expect(
            invalid.problems.map(\.path) == ["spec.limit", "spec.sharing[0].guarantees", "spec.windows[0].amount"])
    }
}
