import ClusterSimulator
import TestSupport
import Testing
import WireFormats

@testable import Operator

@Suite("Scalers before the operator has read the budgets", .timeLimit(.minutes(5)))
struct UnreadBudgetsTests {
    @Test("no scaler exceeds minReplicas before the budgets are read, and each is decided again as soon as they are")
    func hold() async throws {
        let cluster = try BudgetCluster()
        try cluster.add("checkout", replicas: 1, labels: ["team": "shop"], ["minReplicas": 3])
        try cluster.add("search", replicas: 2, labels: ["team": "shop"])
        // Of no budget, which is not known yet.
        try cluster.add("other", replicas: 2, labels: [:])
        let names = ["checkout", "search", "other"]
        for name in names { cluster.want(20, by: name) }
        try cluster.createBudget(["limits": [["unit": "replicas", "amount": 8]]])
        cluster.environment.api.addFault(
            FaultRule(FaultRule.internalError, verbs: ["list"], resource: "scalingbudgets"))
        try await OperatorFixture.run(cluster.environment) { fixture in
            func replicas() throws -> [Int] { try names.map { try fixture.replicas(of: $0) ?? -1 } }
            // The controller's wait for the first list, which ends without one.
            try await fixture.clock.sleeper(dueIn: BudgetDirectory.syncTimeout)
            fixture.clock.advance(by: BudgetDirectory.syncTimeout)
            try await fixture.poll(3 * names.count)
            #expect(try replicas() == [3, 2, 2])
            for name in names {
                let status = try fixture.status(name)
                #expect(status["limitedBy"]?.arrayValue?.contains("Budget") == true, "\(name): \(status)")
                let reason = status["reason"]?.stringValue ?? ""
                #expect(reason.contains("nothing is scaled up before the operator has read the ScalingBudgets"))
            }
            cluster.environment.api.removeFaults()
            var rounds = 0
            while try replicas() != [4, 4, 20], rounds < 30 {
                try await fixture.poll()
                rounds += 1
                let current = try replicas()
                #expect(current[0] + current[1] <= 8, "\(current)")
            }
            #expect(try replicas() == [4, 4, 20])
        }
    }
}
