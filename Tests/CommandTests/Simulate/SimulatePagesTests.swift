import FoundationEssentials
import TestSupport
import Testing

/// Carries out the commands of pages in the form shown.
@Suite("The pages with commands of generalscaler simulate", .timeLimit(.minutes(5)))
struct SimulatePagesTests {
    /// Returns the commands of the code blocks of a page, each with the directory that the page is in by then.
    private func commands(_ page: String) throws -> [(directory: String, command: String)] {
        var commands: [(directory: String, command: String)] = []
        var (isInside, directory) = (false, "")
        for line in try Program.read(page).replacing("\\\n", with: " ").split(separator: "\n") {
            if line.hasPrefix("```") {
                isInside.toggle()
            } else if isInside, line.hasPrefix("cd ") {
                directory = Program.file(String(line.dropFirst("cd ".count)))
            } else if isInside, line.hasPrefix("generalscaler simulate ") {
                commands.append((directory, String(line)))
            }
        }
        return commands
    }

    @Test(
        "each command of a page succeeds in the directory that the page names",
        arguments: [
            ("docs/how-to/simulate.md", 6), ("docs/how-to/share-a-budget.md", 2),
            ("docs/how-to/scale-llm-inference.md", 2),
        ])
    func run(page: String, count: Int) async throws {
        let commands = try commands(page)
        #expect(commands.count == count)
        // Plugins and a source would be needed; SimulateHistoryTests has them.
        for (directory, command) in commands where !command.contains(" --from ") {
            try await Program.withDirectory { output in
                let words = command.split(separator: " ").map { word in
                    word == "report.html" ? "\(output)/report.html" : String(word).replacing("\"", with: "")
                }
                let outcome = try await Program.run(
                    words.dropFirst().map { word in
                        let path = "\(directory)/\(word.drop { $0 != "=" }.dropFirst())"
                        if FileManager.default.fileExists(atPath: "\(directory)/\(word)") {
                            return "\(directory)/\(word)"
                        }
                        guard word.contains("="), FileManager.default.fileExists(atPath: path) else { return word }
                        return "\(word.prefix { $0 != "=" })=\(path)"
                    })
                #expect(outcome.code == 0, "\(command): \(outcome.errors)")
                #expect(outcome.output.contains("replica-hours"), "\(command)")
            }
        }
    }
}
