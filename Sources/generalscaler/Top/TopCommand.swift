import ArgumentParser
import CommandSupport
import FoundationEssentials
import Glibc
import HTTPTransport
import KubernetesClient
import Logging
import ScalerAPI
import SystemIO
import WireFormats

/// Prints every GeneralScaler of a cluster, those that need attention first.
struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Print every GeneralScaler, those that need attention first."
    )

    @Option(name: .shortAndLong, help: "Namespace of the GeneralScalers. Default: all.")
    var namespace: String?

    @Flag(help: "Print again every 5 seconds, until Ctrl-C.")
    var watch = false

    @OptionGroup var clusterOptions: ClusterOptions

    private static let interval: Duration = .seconds(5)
    private static let kind = ResourceKind(
        group: "autoscaling.example.com", version: "v1", kind: GeneralScaler.kind, plural: "generalscalers")

    func run() async throws {
        let configuration = try clusterOptions.configuration(ProcessInfo.processInfo.environment)
        let result = await CurlHTTPClient.withClient { http async in await show(configuration, http) }
        if case .failure(let error) = result {
            StandardStreams.write(Array("\(error)\n".utf8), to: STDERR_FILENO)
            throw ExitCode.failure
        }
    }

    private func show(
        _ configuration: ClusterConfiguration, _ http: any HTTPClient
    ) async -> Result<Void, KubernetesError> {
        let client = KubernetesClient(
            configuration: configuration, http: http, time: .system, random: { .random(in: 0..<1) },
            logger: StandardStreams.logger("generalscaler.top", level: .error))
        do throws(KubernetesError) {
            while true {
                let table = TopTable(try await scalers(client))
                guard print(table), watch, (try? await Task.sleep(for: Self.interval)) != nil else {
                    return .success(())
                }
            }
        } catch {
            return .failure(error)
        }
    }

    private func scalers(_ client: KubernetesClient) async throws(KubernetesError) -> [JSON] {
        var objects: [JSON] = []
        try await client.eachPage(of: Self.kind, in: namespace.nonEmpty) { page throws(KubernetesError) in
            // Only what the table shows is kept.
            objects += page.map { ["metadata": $0["metadata"] ?? .null, "status": $0["status"] ?? .null] }
        }
        return objects
    }

    /// - Returns: false if the reader has closed the output.
    private func print(_ table: TopTable) -> Bool {
        var size = winsize()
        let isTerminal = isatty(STDOUT_FILENO) == 1 && ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0
        let (width, height) = isTerminal && size.ws_col > 0 ? (Int(size.ws_col), Int(size.ws_row)) : (nil, nil)
        let lines = table.lines(width: width, height: watch ? height.map { max(2, $0 - 1) } : nil)
        // Clears the screen of a terminal, from its first line.
        let clear = watch && isTerminal ? "\u{1B}[H\u{1B}[2J" : ""
        return StandardStreams.write(
            Array((clear + lines.joined(separator: "\n") + "\n").utf8), to: STDOUT_FILENO)
    }
}
