import Testing

@Suite("A misspelled command line", .timeLimit(.minutes(2)))
struct UsageTests {
    @Test(
        "is answered in one line with what was meant, or with what there is",
        arguments: [
            ("generalscaler", ["simulat", "--config", "x"], "unknown command simulat: did you mean simulate?"),
            ("generalscaler-dev", ["clster"], "unknown command clster: did you mean cluster?"),
            (
                "generalscaler-dev", ["frobnicate"],
                "unknown command frobnicate: the commands are demo, try, cluster, new-plugin"
            ),
            (
                "generalscaler-dev", ["new-plugin", "--langauge", "python", "x"],
                "Unknown option '--langauge'. Did you mean '--language'?"
            ),
            (
                "generalscaler-dev", ["new-plugin", "x"], "Missing expected argument '--language <language>'"
            ),
            (
                "generalscaler-dev", ["new-plugin", "--language", "pythom", "x"],
                "The value 'pythom' is invalid for '--language <language>'. Please provide one of the following: python, go, node, "
                    + "typescript, bash, swift"
            ),
        ])
    func suggestion(program: String, arguments: [String], message: String) async throws {
        let outcome = try await Program.run(arguments, of: program)
        #expect(outcome.code == 2)
        #expect(outcome.errors == "\(program): \(message)\n")
    }
}
