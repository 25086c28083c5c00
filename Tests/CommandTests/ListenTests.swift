import Subprocess
import SystemPackage
import TestSupport
import Testing

@Suite("addresses to listen on", .timeLimit(.minutes(3)))
struct ListenTests {
    private static func kubeconfig(_ directory: String) throws -> String {
        let path = "\(directory)/kubeconfig"
        try Program.write(
            """
            {apiVersion: v1, kind: Config, current-context: c, clusters: [{name: c, cluster: {server: "https://127.0.0.1:9"}}],
            users: [{name: u, user: {token: t}}], contexts: [{name: c, context: {cluster: c, user: u}}]}
            """, to: path)
        return path
    }

    private static func cluster(_ address: String) async throws -> Program.Outcome {
        try await Program.run(["cluster", "--listen", address], of: "generalscaler-dev")
    }

    private func outcome(_ options: [String]) async throws -> Program.Outcome {
        try await Program.withDirectory { directory in
            let kubeconfig = try Self.kubeconfig(directory)
            return try await Program.run(
                ["run", "--kubeconfig", kubeconfig, "--plugin-dir", directory, "--log-level", "critical"] + options)
        }
    }

    @Test("a port in use is reported with its option, its address and a fix")
    func taken() async throws {
        let script: @Sendable (RawServer.Connection) -> Void = { $0.waitForClose() }
        try await RawServer.run(script: script) { port in
            let address = "127.0.0.1:\(port)"
            let told = "cannot listen on \(address): another process uses the port"
            for (outcome, option) in [
                (try await outcome(["--listen", address]), "generalscaler: --listen"),
                (
                    try await outcome(["--listen", "127.0.0.1:0", "--webhook-listen", address]),
                    "generalscaler: --webhook-listen"
                ),
                (try await Self.cluster(address), "generalscaler-dev: --listen"),
            ] {
                #expect(outcome.code == 2)
                #expect(outcome.errors.contains("\(option): \(told)"), "\(outcome.errors)")
                #expect(outcome.errors.contains("choose another port"))
                #expect(!outcome.errors.contains("errno") && !outcome.errors.contains("bind("))
            }
        }
    }

    @Test(
        "a listen address of another machine is reported as such",
        arguments: ["192.0.2.1:0", "no-such-host.invalid:0"])
    func foreign(address: String) async throws {
        for outcome in [try await outcome(["--listen", address]), try await Self.cluster(address)] {
            #expect(outcome.code == 2)
            #expect(outcome.errors.contains("--listen: cannot listen on \(address): "), "\(outcome.errors)")
            #expect(outcome.errors.contains(address.hasPrefix("no") ? "no address" : "no such address"))
            #expect(!outcome.errors.contains("SocketAddressError") && !outcome.errors.contains("errno"))
        }
    }

    @Test(
        "a listen address that is not HOST:PORT is refused with the expected form",
        arguments: ["127.0.0.1", "127.0.0.1:99999", "127.0.0.1:+80", "127.0.0.1:", "::1:8080", "a:b", "8080"])
    func malformed(address: String) async throws {
        for (option, outcome) in [
            ("--listen", try await Program.run("run", "--listen", address)),
            ("--webhook-listen", try await Program.run("run", "--webhook-listen", address)),
            ("--listen", try await Self.cluster(address)),
        ] {
            #expect(outcome.code == 2)
            #expect(outcome.errors.contains(option) && outcome.errors.contains("HOST:PORT"), "\(outcome.errors)")
        }
    }
}
