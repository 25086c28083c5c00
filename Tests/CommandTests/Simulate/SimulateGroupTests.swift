import FoundationEssentials
import TestSupport
import Testing
import WireFormats

/// Several scalers and the budgets over them, with traces that do not match in time.
@Suite("generalscaler simulate with shared budgets", .timeLimit(.minutes(5)))
struct SimulateGroupTests {
    private static let start = 1_772_409_600

    /// Two scalers of the team shop, in files with traces; that of search begins 7 s later.
    private struct Shop {
        let directory: String

        init(_ directory: String, budget: String, more: String = "") throws {
            self.directory = directory
            try Program.write(
                """
                \(Self.scaler("checkout", min: 2))
                ---
                \(Self.scaler("search", min: 1))
                ---
                \(more)
                ---
                apiVersion: autoscaling.example.com/v1
                kind: ScalingBudget
                metadata: {name: team.shop}
                spec: \(budget)
                """, to: "\(directory)/shop.yaml")
        }

        private static func scaler(_ name: String, min: Int) -> String {
            """
            apiVersion: autoscaling.example.com/v1
            kind: GeneralScaler
            metadata: {name: \(name), namespace: shop, labels: {team: shop, app: \(name)}}
            spec:
              targetDeployment: \(name)
              minReplicas: \(min)
              maxReplicas: 30
              metrics: [{type: prometheus, name: load, targetValue: 100, config: {query: up}}]
              policy: {type: slo}
              safety: {cooldownSeconds: 45, maxScaleUpRate: 3, maxScaleDownRate: 1}
            """
        }

        /// - Parameter load: by minute; nil is no data.
        func write(_ name: String, from offset: Int, _ load: [Double?]) throws {
            let rows = load.enumerated().map { "\(start + offset + $0 * 60),\($1.map { "\($0)" } ?? "")\n" }
            try Program.write("time,load\n\(rows.joined())", to: "\(directory)/\(name).csv")
        }

        func run(_ options: String...) async throws -> Program.Outcome {
            try await Program.run(
                ["simulate", "-f", "\(directory)/shop.yaml"]
                    + ["checkout", "search"].flatMap { ["--trace", "shop/\($0)=\(directory)/\($0).csv"] } + options)
        }

        /// The decisions in order.
        func decisions(_ options: String...) async throws -> [JSON] {
            let outcome = try await Program.run(
                ["simulate", "-f", "\(directory)/shop.yaml", "--decisions", "-"]
                    + ["checkout", "search"].flatMap { ["--trace", "shop/\($0)=\(directory)/\($0).csv"] } + options)
            #expect(outcome.code == 0, "\(outcome.errors)")
            return try outcome.output.split(separator: "\n").map { try JSON(parsing: String($0)) }
        }
    }

    private static let rising = (0..<90).map { Double?.some(120.5 + Double($0) * 17.3) }

    /// Returns the most that all members have at once, in replicas.
    private func peak(_ decisions: [JSON]) throws -> Int64 {
        var held: [String: Int64] = [:]
        var peak: Int64 = 0
        for decision in decisions {
            held[try #require(decision["scaler"]?.stringValue)] = Int64(try #require(decision["desired"]?.doubleValue))
            peak = max(peak, held.values.reduce(0, +))
        }
        return peak
    }

    @Test("the members of a simulated budget never have more than its limit, which need not be a multiple of a replica")
    func limit() async throws {
        try await Program.withDirectory { directory in
            let shop = try Shop(
                directory,
                budget: "{limits: [{unit: cost, perHour: 3.7}], consumption: [{amounts: {cost: 0.35}}]}")
            try shop.write("checkout", from: 0, Self.rising)
            try shop.write("search", from: 7, Self.rising.reversed())
            // 10 replicas at 0.35 fit into 3.7.
            #expect(try peak(try await shop.decisions()) == 10)
            let summary = try JSON(parsing: try await shop.run("--json").output)
            let limit = try #require(summary["budgets"]?[0]?["limits"]?[0])
            #expect(limit["lowest"]?.doubleValue == 3.7 && limit["peakUse"]?.doubleValue == 3.5)
            #expect(try #require(limit["peakDemand"]?.doubleValue) > 3.7)
            #expect(try #require(limit["secondsAtLimit"]?.doubleValue) > 600)
            #expect(limit["secondsOverLimit"] == 0)
            // The price of a replica is what it consumes of the budget.
            #expect(summary["members"]?[0]?["pricePerReplicaHour"]?.doubleValue == 0.35)
            let members = try #require(summary["budgets"]?[0]?["members"]?.arrayValue)
            for member in members {
                let periods = try #require(member["denied"]?.arrayValue)
                #expect(Double(periods.count) == member["periods"]?.doubleValue && !periods.isEmpty)
                #expect(member["secondsDenied"]?.doubleValue ?? 0 > 0)
            }
        }
    }

    @Test("a simulated member without data keeps its replicas, which count, before its trace begins and within a gap")
    func unknownHolds() async throws {
        try await Program.withDirectory { directory in
            let shop = try Shop(directory, budget: "{limits: [{unit: replicas, amount: 9}]}")
            try shop.write("checkout", from: 0, [Double?](repeating: 1_234.5, count: 60))
            let load = (0..<60).map { (20..<40).contains($0) ? nil : 410.25 }
            try shop.write("search", from: 7, load)
            let decisions = try await shop.decisions()
            let search = decisions.filter { $0["scaler"] == "shop/search" }
            // At the start of checkout's trace, that of search has not begun.
            #expect(search[0]["metrics"]?[0]?["noData"] == "the trace has not begun")
            #expect(search[0]["desired"] == 1 && search[0]["current"] == 1)
            let gap = search.filter { $0["limitedBy"]?.arrayValue?.contains("NoData") == true }.dropFirst()
            #expect(gap.count > 40)
            for decision in gap { #expect(decision["desired"] == decision["current"] && decision["desired"] != 0) }
            #expect(try peak(decisions) == 9)
            let summary = try JSON(parsing: try await shop.run("--json").output)
            #expect(try #require(summary["members"]?[1]?["secondsUnknown"]?.doubleValue) > 600)
        }
    }

    @Test("a budget in the mode Report denies nothing in a simulation, and says what it would have denied")
    func report() async throws {
        try await Program.withDirectory { directory in
            let shop = try Shop(directory, budget: "{mode: Report, limits: [{unit: replicas, amount: 5}]}")
            try shop.write("checkout", from: 0, Self.rising)
            try shop.write("search", from: 7, Self.rising)
            let decisions = try await shop.decisions()
            #expect(try peak(decisions) > 20)
            #expect(!decisions.contains { $0["limitedBy"]?.arrayValue?.contains("Budget") == true })
            let outcome = try await shop.run()
            #expect(outcome.output.contains("shop/search would have been denied up to "))
        }
    }

    @Test("a simulated window lowers a limit, and replicas are taken back at the next poll with reclaim Immediate")
    func window() async throws {
        try await Program.withDirectory { directory in
            let windows = "windows: [{name: dip, start: '30 0 * * *', end: '45 0 * * *', amounts: {replicas: 4}}]"
            var polls: [String: Int] = [:]
            for reclaim in ["Immediate", "Graceful"] {
                let shop = try Shop(
                    directory, budget: "{reclaim: \(reclaim), limits: [{unit: replicas, amount: 12}], \(windows)}")
                try shop.write("checkout", from: 0, [Double?](repeating: 600, count: 60))
                try shop.write("search", from: 7, [Double?](repeating: 600, count: 60))
                let decisions = try await shop.decisions()
                let inWindow = decisions.filter {
                    let time = $0["time"]?.stringValue ?? ""
                    return time >= "2026-03-02T00:30:00" && time < "2026-03-02T00:45:00"
                }
                polls[reclaim] = inWindow.firstIndex { $0["scaler"] == "shop/search" && $0["desired"] == 2 }
            }
            #expect(polls["Immediate"] == 1)
            #expect(try #require(polls["Graceful"]) > 10)
        }
    }

    @Test("a sweep over the limit of a budget shows what each amount costs")
    func sweep() async throws {
        try await Program.withDirectory { directory in
            let shop = try Shop(
                directory,
                budget: "{limits: [{unit: cost, perHour: 2}], consumption: [{amounts: {cost: 0.25}}]}")
            try shop.write("checkout", from: 0, Self.rising)
            try shop.write("search", from: 7, Self.rising)
            let runs = try JSON(
                parsing: try await shop.run(
                    "--json", "--sweep", "budget.team.shop.cost=1.5,2.25,30", "--sweep", "shop/search.maxReplicas=4,30"
                ).output)
            let values = try #require(runs.arrayValue).map { $0["values"] }
            #expect(values.count == 6)
            #expect(values[3] == ["budget.team.shop.cost": 2.25, "shop/search.maxReplicas": 30])
            let costs = [1, 3, 5].compactMap { runs[$0]?["cost"]?.doubleValue }
            #expect(costs.count == 3 && costs == costs.sorted() && Set(costs).count == 3)
            #expect(runs[5]?["secondsDenied"] == 0)
            let table = try await shop.run("--sweep", "budget.team.shop.cost=1.5,30").output
            #expect(table.contains("budget.team.shop.cost   replica-hours") && table.contains("shop/search out of SLO"))
            let unknown = try await shop.run("--sweep", "budget.team.shop.gpus=1")
            #expect(unknown.code == 1)
            #expect(unknown.errors.contains("is neither a limit of a budget (budget.team.shop.cost) nor a field"))
        }
    }

    @Test("a simulated replica consumes what the pod template in the files requests; unknown consumption adds nothing")
    func requests() async throws {
        try await Program.withDirectory { directory in
            func workload(_ name: String) -> String {
                """
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: \(name), namespace: shop}
                spec: {template: {spec: {containers: [{name: a, resources: {requests: {cpu: 1500m}}}]}}}
                """
            }
            let budget = "{limits: [{unit: cpu, amount: 12.5}], namespaceSelector: {matchLabels: {tier: web}}}"
            let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {tier: web}}"
            let both = [namespace, workload("checkout"), workload("search")].joined(separator: "\n---\n")
            let shop = try Shop(directory, budget: budget, more: both)
            try shop.write("checkout", from: 0, Self.rising)
            try shop.write("search", from: 7, Self.rising)
            // 8 replicas of 1.5 CPUs fit into 12.5.
            #expect(try peak(try await shop.decisions()) == 8)
            let one = try Shop(directory, budget: budget, more: "\(namespace)\n---\n\(workload("search"))")
            #expect(try peak(try await one.decisions()) == 3)
            #expect(try await one.run().output.contains("because the consumption of a replica was unknown"))
        }
    }

    @Test("a simulation of several scalers names the scaler whose trace is missing, misnamed or of another time")
    func wrong() async throws {
        try await Program.withDirectory { directory in
            let shop = try Shop(directory, budget: "{limits: [{unit: replicas, amount: 9}]}")
            try shop.write("checkout", from: 0, Self.rising)
            try shop.write("search", from: 86_400, Self.rising)
            let apart = try await shop.run()
            #expect(apart.code == 1)
            #expect(
                apart.errors.contains(
                    "the trace of shop/checkout ends at 2026-03-02T01:29:00Z, before that of shop/search"))
            let file = [
                "simulate", "-f", "\(directory)/shop.yaml", "--trace", "shop/checkout=\(directory)/checkout.csv",
            ]
            let missing = try await Program.run(file)
            #expect(missing.errors.contains("shop/search has no trace: add --trace shop/search=FILE."))
            let misnamed = try await Program.run(file + ["--trace", "shop/find=\(directory)/search.csv"])
            #expect(misnamed.errors.contains("shop/find is no GeneralScaler of the files"))
            let option = try await Program.run(file + ["--startup-delay", "shop/other=5"])
            #expect(option.errors.contains("\"shop/other\" in an option is no GeneralScaler of the files"))
            let twice = try await Program.run(file + ["-f", "\(directory)/shop.yaml"])
            #expect(twice.errors.contains("has the GeneralScaler shop/checkout, which"))
        }
    }
}
