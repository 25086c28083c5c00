import FoundationEssentials
import TestSupport
import Testing

/// The commands of docs/how-to/scale-llm-inference.md that need a cluster, on the simulated one.
@Suite("generalscaler-dev demo --inference", .timeLimit(.minutes(5)))
struct InferenceDemoTests {
    @Test("the demo of LLM inference scales each model up and down, and never has more GPUs than the budget")
    func run() async throws {
        let page = try Program.read("docs/how-to/scale-llm-inference.md")
        let command = try #require(
            page.split(separator: "\n").first { $0.hasPrefix("generalscaler-dev demo --inference --seconds ") })
        let outcome = try await Program.run(
            command.split(separator: " ").dropFirst().map(String.init) + [
                "--trace", Program.file("examples/llm-inference/requests.csv"),
            ], of: "generalscaler-dev", findsServers: true)
        #expect(outcome.code == 0, "\(outcome.output.suffix(2_000))\(outcome.errors)")
        // The load asks for more than there is, so that the budget is used up to one replica of the large model.
        let used = try #require(
            outcome.output.split(separator: "\n").last { $0.hasPrefix("At most ") }?.split(separator: " ")[2])
        #expect((13...16).contains(try #require(Int(used))))
    }

    @Test("the demo of LLM inference refuses a trace without requests before it starts anything")
    func wrong() async throws {
        try await Program.withDirectory { directory in
            let path = "\(directory)/load.csv"
            try Program.write("time,load\n0,1\n5,2\n", to: path)
            let column = try await Program.run(
                ["demo", "--inference", "--trace", path], of: "generalscaler-dev", findsServers: true)
            #expect(column.code != 0 && column.errors.contains("load.csv has no column requests"), "\(column.errors)")
            try Program.write("time,requests\n0,0\n5,\n12,0\n", to: path)
            let none = try await Program.run(
                ["demo", "--inference", "--trace", path], of: "generalscaler-dev", findsServers: true)
            #expect(none.code != 0 && none.errors.contains("load.csv has no requests"), "\(none.errors)")
            let alone = try await Program.run(["demo", "--trace", path], of: "generalscaler-dev")
            #expect(alone.code != 0 && alone.errors.contains("--trace needs --inference"), "\(alone.errors)")
        }
    }
}
