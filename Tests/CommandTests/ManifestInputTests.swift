import FoundationEssentials
import TestSupport
import Testing

@Suite("Manifests as input", .timeLimit(.minutes(2)))
struct ManifestInputTests {
    @Test("a manifest that kubectl accepts is accepted", arguments: ManifestInput.taken)
    func accepted(input: ManifestInput) async throws { try await check(input) }

    @Test(
        "a manifest that kubectl refuses, or may truncate, is refused with its cause and line",
        arguments: ManifestInput.rejected)
    func refused(input: ManifestInput) async throws { try await check(input) }

    private func check(_ input: ManifestInput) async throws {
        try await Program.withDirectory { directory in
            let file = "\(directory)/f"
            try Program.write(Data(input.bytes), to: file)
            let outcome = try await Program.run("validate", "--without-plugins", "-f", file)
            switch input.expected {
            case .valid(let count):
                #expect(outcome.code == 0, "\(outcome.output)")
                let output = ["no GeneralScaler to check", "1 GeneralScaler is valid"]
                #expect(outcome.output == (count < 2 ? output[count] : "\(count) GeneralScalers are valid") + "\n")
            case .refused(let message):
                #expect(outcome.code == 1, "\(outcome.output)")
                #expect(outcome.output.contains(file + message), "\(outcome.output)")
            }
        }
    }
}
