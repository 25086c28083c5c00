import ClusterSimulator
import FoundationEssentials
import TestSupport
import Testing
import WireFormats
import YAMLFormat

@testable import Operator
@testable import ScalerAPI

/// Carries out the commands of `docs/how-to/share-a-budget.md` against the simulated API server, in the form shown.
@Suite("The page about shared budgets", .timeLimit(.minutes(5)))
struct SharedBudgetPageTests {
    private struct Page {
        let manifest: JSON
        /// The commands in order, one per line.
        var commands: [String]

        init() throws {
            let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().deletingLastPathComponent()
            let data = try Data(contentsOf: root.appending(path: "docs/how-to/share-a-budget.md"))
            let text = String(decoding: data, as: UTF8.self)
            var (blocks, block, isInside) = ([(language: Substring, lines: [Substring])](), [Substring](), false)
            for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
                if line.hasPrefix("```") {
                    if isInside {
                        blocks[blocks.count - 1].lines = block
                    } else {
                        blocks.append((line.dropFirst(3), []))
                    }
                    (block, isInside) = ([], !isInside)
                } else if isInside {
                    block.append(line)
                }
            }
            let yaml = try #require(blocks.first { $0.language == "yaml" })
            manifest = try YAMLDocument.parse(yaml.lines.joined(separator: "\n"))
            commands = blocks.filter { $0.language.isEmpty }.flatMap { $0.lines }.map(String.init)
        }

        /// Carries out the commands up to the next one that begins like this, and that one.
        mutating func execute(through prefix: String, on api: APIServer) throws {
            while !commands.isEmpty {
                let command = commands.removeFirst()
                try execute(command, on: api)
                if command.hasPrefix(prefix) { return }
            }
            Issue.record("the page has no command \(prefix)")
        }

        private func execute(_ command: String, on api: APIServer) throws {
            let words = command.split(separator: " ").map(String.init)
            if command.hasPrefix("kubectl -n shop label generalscaler ") {
                let label = try #require(words.last).split(separator: "=").map(String.init)
                for name in words.dropFirst(5).dropLast() {
                    try api.patch(
                        "/apis/autoscaling.example.com/v1/namespaces/shop/generalscalers/\(name)",
                        ["metadata": ["labels": [label[0]: .string(label[1])]]])
                }
            } else if command == "kubectl apply -f budget.yaml" {
                try api.create(manifest)
            } else if command.hasPrefix("kubectl patch gsb team-shop --type merge -p '"), command.hasSuffix("'") {
                let patch = command.dropFirst("kubectl patch gsb team-shop --type merge -p '".count).dropLast()
                try api.patch(BudgetCluster.budgetPath, JSON(parsing: Array(patch.utf8)))
            } else if command == "kubectl delete gsb team-shop" {
                try api.delete(BudgetCluster.budgetPath)
            } else {
                let reads = ["kubectl get gsb", "kubectl -n shop get gs", "kubectl describe gsb team-shop"]
                #expect(reads.contains(command), "a command that this test does not know: \(command)")
            }
        }
    }

    @Test("the commands of the page have the effects that it describes")
    func walk() async throws {
        let cluster = try BudgetCluster()
        for name in ["checkout", "search"] { try cluster.add(name, labels: [:]) }
        cluster.want(2, by: "checkout")
        cluster.want(20, by: "search")
        var page = try Page()
        try await OperatorFixture.run(cluster.environment) { fixture in
            func settle(_ expected: [Int]) async throws {
                var replicas: [Int] = []
                for _ in 0..<40 where replicas != expected {
                    try await fixture.poll()
                    replicas = try ["checkout", "search"].map { try fixture.replicas(of: $0) ?? -1 }
                }
                #expect(replicas == expected)
            }
            try page.execute(through: "kubectl get gsb", on: fixture.api)
            try await settle([2, 8])
            cluster.want(6, by: "checkout")
            try await settle([5, 5])
            try page.execute(through: "kubectl patch gsb", on: fixture.api)
            try await settle([4, 2])
            try page.execute(through: "kubectl patch gsb", on: fixture.api)
            try await settle([5, 5])
            try page.execute(through: "kubectl delete gsb", on: fixture.api)
            try await settle([6, 20])
            #expect(page.commands.isEmpty)
        }
    }
}
