import Scaling
import Testing
import WireFormats

@testable import ScalerAPI

@Suite("The review of a ScalingBudget")
struct BudgetReviewTests {
    private static let saturday = Timestamp(microsecondsSince1970: 1_767_398_400_000_000)

    private func scaler(
        _ name: String, replicas: Int? = 3, minReplicas: Int = 1, declared: [String: Double] = [:],
        requests: JSON? = nil
    ) -> BudgetReview.Scaler {
        BudgetReview.Scaler(
            name: "shop/\(name)",
            consumption: ReplicaConsumption(
                labels: ["app": name], namespaceLabels: ["team": "shop"],
                declared: declared.compactMapValues { BudgetAmount($0) },
                requests: requests.flatMap { PodRequests(podSpec: ["containers": [["resources": ["requests": $0]]]]) }),
            minReplicas: minReplicas, mayScaleToZero: minReplicas == 0, replicas: replicas)
    }

    private func warnings(_ spec: [String: JSON], _ scalers: [BudgetReview.Scaler]) throws -> [String] {
        let base: [String: JSON] = ["limits": [["unit": "replicas", "amount": 10]]]
        let parsed = try ScalingBudgetSpec.parse(.object(base.merging(spec) { $1 })).get()
        return BudgetReview(parsed, scalers: scalers, at: Self.saturday).warnings
    }

    @Test("a budget that fits has no warning, and a member without known replicas counts as none")
    func fitting() throws {
        #expect(try warnings([:], [scaler("a", replicas: 10), scaler("b", replicas: nil)]).isEmpty)
    }

    @Test("selectors that select nothing are named")
    func nothing() throws {
        let selector: JSON = ["matchLabels": ["team": "search"]]
        #expect(
            try warnings(["namespaceSelector": selector], [scaler("a")]) == [
                "spec.selector and spec.namespaceSelector select no GeneralScaler"
            ])
        let entries = try warnings(
            [
                "limits": [["unit": "cost", "perHour": 10]],
                "consumption": [["amounts": ["cost": 1]], ["selector": selector, "amounts": ["cost": 1]]],
                "sharing": [["name": "all"], ["name": "none", "selector": selector], ["name": "late"]],
            ], [scaler("a")])
        #expect(
            entries == [
                "spec.consumption[1] selects no member of the budget",
                "spec.sharing[1] (none) selects no member of the budget",
                "spec.sharing[2] (late) has no effect: earlier entries select all of its members",
            ])
    }

    @Test("an unknown consumption names the members, and a unit that nobody consumes is unknown itself")
    func units() throws {
        let limits: JSON = [["unit": "licenses", "amount": 4]]
        let unknown = try warnings(
            ["limits": limits],
            [scaler("a", declared: ["licenses": 1])] + ["b", "c", "d", "e"].map { scaler($0) })
        #expect(unknown.count == 1)
        #expect(unknown.first?.hasPrefix("what one replica of shop/b, shop/c, shop/d and 1 others consumes of") == true)
        let devices: JSON = [["unit": "nvidia.com/gpus", "amount": 4]]
        let mistyped = try warnings(["limits": devices], [scaler("a", requests: ["nvidia.com/gpu": 1])])
        #expect(mistyped.first?.hasPrefix("no member consumes nvidia.com/gpus") == true)
        let used: JSON = [["unit": "nvidia.com/gpu", "amount": 4]]
        #expect(
            try warnings(["limits": used], [scaler("a", requests: ["nvidia.com/gpu": 1]), scaler("b", requests: [:])])
                .isEmpty)
    }

    @Test("a budget that is exceeded at creation says by how much, by the window that is active")
    func exceeded() throws {
        let night: JSON = [["name": "n", "start": "0 0 * * *", "duration": "1h", "amounts": ["cost": 1.25]]]
        let spec: [String: JSON] = ["limits": [["unit": "cost", "perHour": 40]], "windows": night]
        #expect(
            try warnings(spec, [scaler("a", declared: ["cost": 0.3]), scaler("b", declared: ["cost": 0.2])]) == [
                "1.5 of 1.25 per hour are in use already: members lose replicas"
            ])
        let minimum = try warnings([:], [scaler("a", minReplicas: 8), scaler("b", minReplicas: 3)])
        #expect(minimum.first?.hasPrefix("minReplicas of all members need 11, and the limit is 10 replicas") == true)
    }

    @Test("a guarantee whose owner may be at 0 needs reclaim Immediate")
    func zero() throws {
        let sharing: JSON = [["name": "a", "selector": ["matchLabels": ["app": "a"]], "guarantee": ["replicas": 4]]]
        let scalers = [scaler("a", minReplicas: 0), scaler("b", minReplicas: 0)]
        let found = try warnings(["sharing": sharing], scalers)
        #expect(found.count == 1 && found[0].hasPrefix("shop/a may be at 0 replicas"))
        #expect(try warnings(["sharing": sharing, "reclaim": "Immediate"], scalers).isEmpty)
    }

    @Test("a window below the guarantees is a warning")
    func window() throws {
        let found = try warnings(
            [
                "sharing": [["name": "a", "guarantee": ["replicas": 4]]],
                "windows": [["name": "n", "start": "0 9 * * *", "duration": "1h", "amounts": ["replicas": 3.5]]],
            ], [scaler("a")])
        #expect(found.first?.hasPrefix("window n sets replicas to 3.5, less than the guarantees of 4") == true)
    }
}
