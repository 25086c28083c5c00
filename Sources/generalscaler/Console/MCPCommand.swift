import ArgumentParser
import CommandSupport
import Console
import Glibc
import HTTPTransport
import KubernetesClient
import Logging
import PluginProtocol
import Synchronization
import SystemIO

/// Serves tools to an assistant over stdin and stdout.
struct MCPCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mcp",
        abstract: "Answer the questions of an assistant, as a server of the Model Context Protocol.",
        discussion: """
            An assistant starts it and talks to it over stdin and stdout. Its tools only read: they list and explain \
            scalers, list decisions, and simulate a changed spec. Reads the API of the leader as the console does.
            """
    )

    @OptionGroup var upstreamOptions: UpstreamOptions

    @OptionGroup(title: "Simulations") var replayOptions: ReplaySourceOptions

    func run() async throws {
        let sources: ReplaySources
        do throws(FileProblem) {
            sources = try replayOptions.sources()
        } catch {
            throw ValidationError(error.description)
        }
        let logger = StandardStreams.logger("generalscaler.mcp", level: .warning)
        await CurlHTTPClient.withClient { http in
            let way = CachedUpstream(upstreamOptions, http, logger)
            let tools = AssistantTools(
                source: upstreamOptions.source, sources: sources, time: .system, connect: { try await way.upstream() })
            let server = AssistantServer(tools: tools, version: ProjectVersion.current) { bytes in
                StandardStreams.write(bytes, to: STDOUT_FILENO)
            }
            let input = InputLines(maxLineBytes: AssistantLimits.lineBytes)
            await server.run { await input.next() }
        }
    }
}

/// Reads the kubeconfig or the token at the first call that finds them, so that an answer has what is wrong.
private actor CachedUpstream {
    private let options: UpstreamOptions
    private let http: any HTTPClient
    private let logger: Logger
    private var known: (any UpstreamAPI)?

    init(_ options: UpstreamOptions, _ http: any HTTPClient, _ logger: Logger) {
        self.options = options
        self.http = http
        self.logger = logger
    }

    func upstream() throws -> any UpstreamAPI {
        if let known { return known }
        let upstream = options.upstream(try options.cluster(), http, logger)
        known = upstream
        return upstream
    }
}
