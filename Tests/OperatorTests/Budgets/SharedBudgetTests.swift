import ClusterSimulator
import KubernetesClient
import TestSupport
import Testing
import WireFormats

@testable import Operator
@testable import ScalerAPI

@Suite("Scalers under a shared budget", .timeLimit(.minutes(5)))
struct SharedBudgetTests {
    private static let checkout: [String: JSON] = ["team": "shop", "app": "checkout"]
    private static let search: [String: JSON] = ["team": "shop", "app": "search"]

    private func replicas(_ fixture: OperatorFixture) throws -> [Int] {
        try ["checkout", "search"].map { try fixture.replicas(of: $0) ?? -1 }
    }

    /// Polls until the replicas are as expected, and checks the sum after each poll.
    private func settle(
        _ fixture: OperatorFixture, _ expected: [Int], limit: Int, polls: Int = 30
    ) async throws {
        var current = try replicas(fixture)
        for _ in 0..<polls where current != expected {
            let before = current.reduce(0, +)
            try await fixture.poll()
            current = try replicas(fixture)
            #expect(current.reduce(0, +) <= max(limit, before), "\(current)")
        }
        #expect(current == expected)
    }

    @Test("two teams create, exceed, lower, reclaim and delete a budget with the permissions of the chart alone")
    func lifeOfABudget() async throws {
        let cluster = try BudgetCluster()
        let token = try cluster.grantChartRights()
        try cluster.add("checkout", labels: Self.checkout)
        try cluster.add("search", labels: Self.search)
        try cluster.createBudget([
            "limits": [["unit": "replicas", "amount": 10]],
            "sharing": [
                ["name": "checkout", "selector": ["matchLabels": ["app": "checkout"]], "guarantee": ["replicas": 4]]
            ],
        ])
        cluster.want(2, by: "checkout")
        cluster.want(20, by: "search")
        try await OperatorFixture.run(cluster.environment, credentials: .token(token)) { fixture in
            // Search borrows what checkout does not ask for.
            try await settle(fixture, [2, 8], limit: 10)
            try await fixture.poll(6)
            let reason = try fixture.status("search")["reason"]?.stringValue ?? ""
            #expect(reason.contains("budget team-shop allows at most 8 (0 left of 10 replicas)"), "\(reason)")
            #expect(try fixture.condition("ScalingLimited", of: "search")?["reason"] == "Budget")
            let status = try cluster.budgetStatus()
            let limit = try #require(status["limits"]?.arrayValue?.first)
            #expect(limit["used"]?.doubleValue == 10 && limit["limit"]?.doubleValue == 10)
            #expect(limit["binding"] == true && limit["lent"]?.doubleValue == 2)
            #expect(status["memberCount"] == 2 && status["valid"] == true)
            #expect(status["message"]?.stringValue == "10 of 10 replicas in use, 18 wanted.")
            let event = try await event("BudgetBinding", fixture)
            #expect(event["regarding"]?["name"] == "team-shop" && event["type"] == "Warning")

            // The guarantee is called back, and the rest is shared equally.
            cluster.want(6, by: "checkout")
            try await settle(fixture, [5, 5], limit: 10)

            // A lower limit takes from the borrower first.
            try fixture.api.patch(
                BudgetCluster.budgetPath, ["spec": ["limits": [["unit": "replicas", "amount": 6]]]])
            try await settle(fixture, [4, 2], limit: 6)

            // An invalid spec keeps the last valid limits.
            try fixture.api.patch(
                BudgetCluster.budgetPath,
                [
                    "spec": [
                        "windows": [
                            ["name": "w", "start": "bad bad x x x", "duration": "1h", "amounts": ["replicas": 30]]
                        ]
                    ]
                ])
            try await fixture.poll(6)
            #expect(try replicas(fixture) == [4, 2])
            #expect(try cluster.budgetStatus()["valid"] == false)

            try fixture.api.delete(BudgetCluster.budgetPath)
            try await settle(fixture, [6, 20], limit: 60)
            #expect(try fixture.condition("ScalingLimited", of: "search")?["reason"] != "Budget")
        }
        let refused = cluster.environment.api.requests.filter { $0.status == 403 }
        #expect(refused.isEmpty, "\(refused)")
    }

    private func event(_ reason: String, _ fixture: OperatorFixture) async throws -> JSON {
        var found: JSON?
        try await fixture.wait {
            let events = try fixture.api.get("/apis/events.k8s.io/v1/namespaces/default/events")["items"]
            found = events?.arrayValue?.first { $0["reason"]?.stringValue == reason }
            return found != nil
        }
        return try #require(found)
    }

    @Test("members without a known consumption are not scaled up, and the status names one")
    func unknownConsumption() async throws {
        let cluster = try BudgetCluster()
        try cluster.add("checkout", replicas: 2, labels: Self.checkout)
        try cluster.add("search", replicas: 2, labels: Self.search)
        try cluster.createBudget([
            "limits": [["unit": "cost", "perHour": 40]],
            "consumption": [["selector": ["matchLabels": ["app": "search"]], "amounts": ["cost": 0.3]]],
        ])
        for name in ["checkout", "search"] { cluster.want(5, by: name) }
        try await OperatorFixture.run(cluster.environment) { fixture in
            try await fixture.poll(6)
            #expect(try replicas(fixture) == [2, 2])
            #expect(try cluster.budgetStatus()["message"]?.stringValue?.contains("shop/checkout") == true)
            try fixture.api.patch(
                BudgetCluster.budgetPath, ["spec": ["consumption": [["amounts": ["cost": 0.3]]]]])
            try await settle(fixture, [5, 5], limit: 10)
        }
    }

    @Test(
        "consumption comes from the GeneralScaler, and from the requests of the pod template by the chart's permissions"
    )
    func consumptionOfMembers() async throws {
        let cluster = try BudgetCluster()
        let token = try cluster.grantChartRights()
        try cluster.add("checkout", labels: Self.checkout, ["consumption": ["cpu": 1.5]])
        try cluster.add("search", labels: Self.search)
        try cluster.setContainers(["resources": ["requests": ["cpu": "500m"]]], of: "search")
        try cluster.createBudget(["limits": [["unit": "cpu", "amount": 4]]])
        cluster.want(20, by: "checkout")
        cluster.want(20, by: "search")
        try await OperatorFixture.run(cluster.environment, credentials: .token(token)) { fixture in
            // Both use 1.5, and the next replica is one of 1.5, which does not fit.
            try await settle(fixture, [1, 3], limit: 10)
            try await fixture.poll(4)
            #expect(try replicas(fixture) == [1, 3])
            // A container without a request makes the consumption unknown: nothing is scaled up.
            try cluster.setContainers(["name": "proxy"], of: "search")
            // The template is read at each poll of its scaler.
            try await fixture.poll(2)
            try fixture.api.patch(BudgetCluster.budgetPath, ["spec": ["limits": [["unit": "cpu", "amount": 40]]]])
            try await fixture.poll(6)
            #expect(try replicas(fixture) == [1, 3])
            let event = try await event("BudgetIncomplete", fixture)
            #expect(event["note"]?.stringValue?.contains("shop/search, or their consumption of cpu") == true)
        }
        let refused = cluster.environment.api.requests.filter { $0.status == 403 }
        #expect(refused.isEmpty, "\(refused)")
    }

    @Test("a restarted operator counts the predecessor's pending scale operation for 60 s")
    func pendingScaleOfPredecessor() async throws {
        let cluster = try BudgetCluster()
        try cluster.add("checkout", replicas: 2, labels: Self.checkout)
        try cluster.add("search", replicas: 2, labels: Self.search)
        try cluster.createBudget(["limits": [["unit": "replicas", "amount": 10]]])
        let time = "2026-01-01T00:00:00Z"
        try cluster.environment.api.patch(
            "/apis/autoscaling.example.com/v1/namespaces/shop/generalscalers/checkout/status",
            [
                "status": [
                    "currentReplicas": 2, "observedGeneration": 1, "lastDecisionTime": .string(time),
                    "targetName": "Deployment/checkout", "seenAboveZero": true,
                    "pendingScale": ["from": 2, "to": 6, "at": .string(time)],
                ]
            ])
        cluster.want(2, by: "checkout")
        cluster.want(9, by: "search")
        try await OperatorFixture.run(cluster.environment) { fixture in
            let start = fixture.seconds
            while fixture.seconds - start < 55 {
                try await fixture.poll()
                let search = try fixture.replicas(of: "search") ?? 99
                if fixture.seconds - start < 60 { #expect(search <= 4) }
            }
            try await settle(fixture, [2, 8], limit: 10)
        }
    }

    @Test("a budget in mode Report limits nothing and says what is wanted")
    func report() async throws {
        let cluster = try BudgetCluster()
        try cluster.add("checkout", labels: Self.checkout)
        try cluster.add("search", labels: Self.search)
        try cluster.createBudget(["limits": [["unit": "replicas", "amount": 3]], "mode": "Report"])
        for name in ["checkout", "search"] { cluster.want(5, by: name) }
        try await OperatorFixture.run(cluster.environment) { fixture in
            try await settle(fixture, [5, 5], limit: 10)
            try await fixture.poll(6)
            let message = try cluster.budgetStatus()["message"]?.stringValue
            #expect(message?.hasPrefix("Report only: 10 of 3 replicas in use, which is over the limit") == true)
        }
    }

    @Test("a queue that jumps between 5 and 8 at every poll moves neither the cap nor the replicas of an idle neighbor")
    func noisyNeighbor() async throws {
        let cluster = try BudgetCluster()
        try cluster.add("checkout", replicas: 3, labels: Self.checkout)
        try cluster.add("search", replicas: 5, labels: Self.search)
        try cluster.createBudget(["limits": [["unit": "replicas", "amount": 10]]])
        cluster.want(3, by: "checkout")
        try await OperatorFixture.run(cluster.environment) { fixture in
            var most = 0
            for round in 0..<40 {
                cluster.want(round.isMultiple(of: 2) ? 5 : 8, by: "search")
                try await fixture.poll()
                let current = try replicas(fixture)
                #expect(current[0] == 3)
                most = max(most, current[1])
                let members = try cluster.budgetStatus()["members"]?.arrayValue ?? []
                let checkout = members.first { $0["name"] == "checkout" }
                // Before its first poll, it has none.
                #expect(round < 2 || checkout == nil || checkout?["cap"] == 3, "\(members)")
            }
            #expect(most == 7)
        }
    }

    @Test("a scaler leaves the budget with its label")
    func relabeled() async throws {
        let cluster = try BudgetCluster()
        try cluster.add("checkout", labels: Self.checkout)
        try cluster.add("search", labels: Self.search)
        try cluster.createBudget(["limits": [["unit": "replicas", "amount": 4]]])
        for name in ["checkout", "search"] { cluster.want(5, by: name) }
        try await OperatorFixture.run(cluster.environment) { fixture in
            try await settle(fixture, [2, 2], limit: 4)
            try fixture.api.patch(
                "/apis/autoscaling.example.com/v1/namespaces/shop/generalscalers/search",
                ["metadata": ["labels": ["team": "other"]]])
            try await settle(fixture, [4, 5], limit: 40)
        }
    }
}
