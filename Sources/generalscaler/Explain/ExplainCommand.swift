import ArgumentParser
import CommandSupport
import FoundationEssentials
import Glibc
import HTTPTransport
import KubernetesClient
import Logging
import Operator
import ScalerAPI
import Scaling
import SystemIO

/// Explains the last decision of a GeneralScaler in a cluster, and the conditions of the next.
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Explain the last decision of a GeneralScaler, and what would cause the next scaling event."
    )

    @Argument(help: "Name of the GeneralScaler.")
    var name: String

    @Option(name: .shortAndLong, help: "Namespace of the GeneralScaler. Default: that of the kubeconfig's context.")
    var namespace: String?

    @OptionGroup var clusterOptions: ClusterOptions

    func run() async throws {
        let configuration = try clusterOptions.configuration(ProcessInfo.processInfo.environment)
        let result = await CurlHTTPClient.withClient { http async in await explanation(configuration, http) }
        switch result {
        case .success(let text): StandardStreams.write(Array(text.utf8), to: STDOUT_FILENO)
        case .failure(let error):
            StandardStreams.write(Array("\(error)\n".utf8), to: STDERR_FILENO)
            throw ExitCode.failure
        }
    }

    private func explanation(
        _ configuration: ClusterConfiguration, _ http: any HTTPClient
    ) async -> Result<String, KubernetesError> {
        let client = KubernetesClient(
            configuration: configuration, http: http, time: .system, random: { .random(in: 0..<1) },
            logger: StandardStreams.logger("generalscaler.explain", level: .error))
        let key = ObjectKey(namespace: namespace.nonEmpty ?? configuration.defaultNamespace, name: name)
        do throws(KubernetesError) {
            return .success(try await Explanation.read(key, client, now: TimeSource.system.now()).text)
        } catch {
            return .failure(error)
        }
    }
}
