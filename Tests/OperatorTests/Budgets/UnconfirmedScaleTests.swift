import ClusterSimulator
import TestSupport
import Testing
import WireFormats

@testable import Operator

@Suite("Scale operations without a response under a shared budget", .timeLimit(.minutes(5)))
struct UnconfirmedScaleTests {
    /// Two scalers of 2 replicas each in a budget of 10 replicas. The API server does not confirm what is set for
    /// `checkout`.
    private static func cluster() throws -> BudgetCluster {
        let cluster = try BudgetCluster()
        for name in ["checkout", "search"] {
            try cluster.add(name, replicas: 2, labels: ["team": "shop"])
            cluster.want(2, by: name)
        }
        try cluster.createBudget(["limits": [["unit": "replicas", "amount": 10]]])
        cluster.environment.api.addFault(
            FaultRule(
                FaultRule.internalError, verbs: ["patch"], resource: "deployments", subresource: "scale",
                name: "checkout"))
        return cluster
    }

    private func replicas(_ fixture: OperatorFixture) throws -> [Int] {
        try ["checkout", "search"].map { try fixture.replicas(of: $0) ?? -1 }
    }

    /// Polls until the condition holds.
    private func poll(
        _ fixture: OperatorFixture, polls: Int = 30, until condition: () throws -> Bool
    ) async throws {
        for _ in 0..<polls where try !condition() { try await fixture.poll() }
        #expect(try condition())
    }

    /// Runs an operator whose scale-up of `checkout` to 6 gets no response, and which then reads the former replicas.
    private func giveUp(_ fixture: OperatorFixture, _ cluster: BudgetCluster) async throws {
        cluster.want(6, by: "checkout")
        try await poll(fixture) { try fixture.status("checkout")["pendingScale"]?["to"] == 6 }
        cluster.want(2, by: "checkout")
        try await poll(fixture) { try fixture.status("checkout")["pendingScale"] == nil }
        #expect(try fixture.status("checkout")["unconfirmedReplicas"] == 6)
        #expect(try replicas(fixture) == [2, 2])
    }

    /// Runs another operator, in which `search` asks for 9 replicas, and checks that it leaves 6 to `checkout` for 60 s.
    private func expectSuccessorCounts(_ cluster: BudgetCluster) async throws {
        cluster.environment.api.removeFaults()
        cluster.want(2, by: "checkout")
        cluster.want(9, by: "search")
        try await OperatorFixture.run(cluster.environment) { fixture in
            let start = fixture.seconds
            try await poll(fixture) { try replicas(fixture)[1] == 4 }
            while fixture.seconds - start < 45 {
                try await fixture.poll()
                #expect(try replicas(fixture) == [2, 4])
            }
            try await poll(fixture) { try replicas(fixture) == [2, 8] }
            try await poll(fixture) { try fixture.status("checkout")["unconfirmedReplicas"] == nil }
        }
    }

    @Test("a new leader counts a scale-up that its predecessor has given up and not seen applied")
    func successor() async throws {
        let cluster = try Self.cluster()
        try await OperatorFixture.run(cluster.environment) { fixture in try await giveUp(fixture, cluster) }
        try await expectSuccessorCounts(cluster)
    }

    @Test("a later and smaller scale-up without a response does not replace the count of a larger one")
    func smallerScaleUp() async throws {
        let cluster = try Self.cluster()
        try await OperatorFixture.run(cluster.environment) { fixture in
            try await giveUp(fixture, cluster)
            cluster.want(4, by: "checkout")
            try await poll(fixture) { try fixture.status("checkout")["pendingScale"]?["to"] == 4 }
            #expect(try fixture.status("checkout")["unconfirmedReplicas"] == 6)
        }
        try await expectSuccessorCounts(cluster)
    }

    @Test("a scale-up without a response counts for 60 s under the same leader, and leaves the status then")
    func sameLeader() async throws {
        let cluster = try Self.cluster()
        try await OperatorFixture.run(cluster.environment) { fixture in
            try await giveUp(fixture, cluster)
            let start = fixture.seconds
            cluster.want(9, by: "search")
            try await poll(fixture) { try replicas(fixture)[1] == 4 }
            // The patch was sent one poll, at most 15 s, before.
            while fixture.seconds - start < 30 {
                try await fixture.poll()
                #expect(try replicas(fixture) == [2, 4])
            }
            try await poll(fixture) { try replicas(fixture) == [2, 8] }
            try await poll(fixture) { try fixture.status("checkout")["unconfirmedReplicas"] == nil }
            #expect(fixture.seconds - start < 90)
        }
    }

    @Test("an accepted scale operation ends the count of one without a response")
    func ownWrite() async throws {
        let cluster = try Self.cluster()
        try await OperatorFixture.run(cluster.environment) { fixture in
            try await giveUp(fixture, cluster)
            let start = fixture.seconds
            cluster.environment.api.removeFaults()
            cluster.want(3, by: "checkout")
            try await poll(fixture) { try replicas(fixture)[0] == 3 }
            #expect(try fixture.status("checkout")["unconfirmedReplicas"] == nil)
            cluster.want(9, by: "search")
            try await poll(fixture) { try replicas(fixture) == [3, 7] }
            #expect(fixture.seconds - start < 45)
        }
    }

    @Test("a refused scale operation does not end the count of an earlier one without a response")
    func refused() async throws {
        let cluster = try Self.cluster()
        try await OperatorFixture.run(cluster.environment) { fixture in
            try await giveUp(fixture, cluster)
            let start = fixture.seconds
            cluster.environment.api.removeFaults()
            cluster.environment.api.addFault(
                FaultRule(
                    .refuse(StatusError(403, "Forbidden", "not allowed", details: [:])), verbs: ["patch"],
                    resource: "deployments", subresource: "scale", name: "checkout"))
            cluster.want(4, by: "checkout")
            cluster.want(9, by: "search")
            while fixture.seconds - start < 30 {
                try await fixture.poll()
                #expect(try replicas(fixture)[1] <= 4)
            }
            #expect(fixture.api.requests.contains { $0.isScalePatch && $0.status == 403 })
            #expect(try replicas(fixture) == [2, 4])
        }
    }

    @Test("another client's change of the replicas ends the count of a scale-up without a response")
    func outsideChange() async throws {
        let cluster = try Self.cluster()
        try await OperatorFixture.run(cluster.environment) { fixture in
            try await giveUp(fixture, cluster)
            cluster.environment.api.removeFaults()
            cluster.want(3, by: "checkout")
            try fixture.api.patch(
                "/apis/apps/v1/namespaces/shop/deployments/checkout", ["spec": ["replicas": 3]])
            cluster.want(9, by: "search")
            let start = fixture.seconds
            try await poll(fixture) { try replicas(fixture) == [3, 7] }
            #expect(try fixture.status("checkout")["unconfirmedReplicas"] == nil)
            #expect(fixture.seconds - start < 45)
        }
    }

    @Test("a scale-down without a response is not recorded as replicas that may come")
    func scaleDown() async throws {
        let cluster = try Self.cluster()
        cluster.want(1, by: "checkout")
        try await OperatorFixture.run(cluster.environment) { fixture in
            try await poll(fixture) { try fixture.status("checkout")["pendingScale"]?["to"] == 1 }
            #expect(try fixture.status("checkout")["unconfirmedReplicas"] == nil)
        }
    }
}
