import ClusterSimulator
import ScalerAPI
import Scaling
import TestSupport
import Testing
import WireFormats

@testable import Operator

@Suite("Budgets in the operator's API", .timeLimit(.minutes(5)))
struct BudgetViewTests {
    @Test("the API says who uses a budget and who is denied, and forgets a budget that is deleted")
    func members() async throws {
        let cluster = try BudgetCluster()
        try cluster.add("checkout", labels: ["team": "shop", "app": "checkout"])
        try cluster.add("search", labels: ["team": "shop", "app": "search"])
        try cluster.add("other", labels: [:])
        try cluster.createBudget([
            "limits": [["unit": "replicas", "amount": 10]],
            "sharing": [
                ["name": "checkout", "selector": ["matchLabels": ["app": "checkout"]], "guarantee": ["replicas": 4]]
            ],
        ])
        cluster.want(2, by: "checkout")
        cluster.want(20, by: "search")
        try await OperatorFixture.run(cluster.environment, api: OperatorAPITests.configuration()) { fixture in
            let port = try #require(await fixture.apiPort)
            func budgets() async throws -> [JSON] {
                let answer = try await OperatorAPITests.ask(port, "/v1/budgets")
                return try JSON(parsing: Array(answer.body.utf8))["budgets"]?.arrayValue ?? []
            }
            try await fixture.poll(20)
            let budget = try #require(try await budgets().first)
            #expect(budget["name"] == "team-shop" && budget["mode"] == "Enforce" && budget["memberCount"] == 2)
            let limit = try #require(budget["limits"]?[0])
            let amounts = ["limit", "used", "free", "lent", "guaranteed"].map { limit[$0]?.doubleValue }
            #expect(amounts == [10, 10, 0, 2, 4])
            #expect(limit["deniedScalers"] == 1)
            #expect(limit["deniedReplicas"]?.intValue ?? 0 > 0)
            let denied = try #require(budget["members"]?[0])
            #expect(denied["name"] == "search" && denied["cap"]?.intValue == 8)
            let list = try await OperatorAPITests.ask(port, "/v1/scalers")
            for scaler in try JSON(parsing: Array(list.body.utf8))["scalers"]?.arrayValue ?? [] {
                #expect(scaler["budgets"] == (scaler["name"] == "other" ? nil : ["team-shop"]))
            }
            try fixture.api.delete(BudgetCluster.budgetPath)
            try await fixture.poll(2)
            #expect(try await budgets().isEmpty)
        }
    }

    @Test("the memory of budgets is bounded, and ends with the term")
    func bound() throws {
        let memory = ScalerMemory()
        func take(_ number: Int) throws {
            let object: JSON = ["metadata": ["name": .string("budget-\(number)"), "uid": "u", "resourceVersion": "1"]]
            let account = BudgetAccount(try ScalingBudget(object, zones: UniversalTimeOnly()), spec: nil)
            memory.take(BudgetView(account, status: [:], at: ScalerMemoryTests.at(0)))
        }
        try take(0)
        #expect(memory.budgets.isEmpty)
        memory.begin(at: ScalerMemoryTests.at(0))
        for number in 0..<(MemoryLimits.budgets + 7) { try take(number) }
        #expect(memory.budgets.count == MemoryLimits.budgets)
        memory.end()
        #expect(memory.budgets.isEmpty)
    }
}
