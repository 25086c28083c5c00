import ArgumentParser
import ClusterSimulator
import FoundationEssentials
import HTTPTransport
import KubernetesClient
import Logging
import Operator
import PluginHost
import ServiceLifecycle
import Synchronization
import WireFormats

/// Shows the whole thing at work, on this machine alone.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Watch a real app being scaled on real Prometheus data, on a simulated cluster.",
        discussion: """
            Runs a simulated cluster, a prometheus server, as many instances of the sample app as its Deployment has \
            replicas, a load that rises and falls, and the operator with its prometheus plugin. Ends by itself; exit \
            code 0 when the app was scaled up and down.
            """
    )

    @Option(help: "Seconds of load.")
    var seconds = 90.0

    @Flag(help: "Show the operator's log on stderr.")
    var verbose = false

    func validate() throws {
        guard seconds >= 30, seconds <= 3_600 else { throw ValidationError("--seconds must be from 30 to 3600.") }
    }

    func run() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(
            path: "generalscaler-demo-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let logger = StandardStreams.logger("generalscaler.demo", level: verbose ? .debug : .error)
        let http = CurlHTTPClient()
        let scalings = Mutex<(ups: Int, downs: Int)>((0, 0))
        let demo = Demo(
            plan: DemoPlan(seconds: seconds), directory: directory.path, http: http, logger: logger,
            onDecision: { from, to in
                scalings.withLock { if to > from { $0.ups += 1 } else { $0.downs += 1 } }
            }
        )
        let display = try await demo.run()
        await http.shutdown()
        let (ups, downs) = scalings.withLock(\.self)
        StandardStreams.printLine(display.summary(ups: ups, downs: downs))
        guard ups > 0, downs > 0 else { throw ExitCode.failure }
    }
}
