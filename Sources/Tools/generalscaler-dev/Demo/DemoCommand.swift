import ArgumentParser
import ClusterSimulator
import CommandSupport
import FoundationEssentials
import HTTPTransport
import KubernetesClient
import Logging
import Operator
import PluginHost
import ServiceLifecycle
import Synchronization
import WireFormats

/// Shows the complete system in operation on this machine.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Scale three real apps on real metrics in a simulated cluster.",
        discussion: """
            Runs a simulated cluster, a prometheus server, a redis-server and a simulated Cloud Monitoring API of Google \
            and Pub/Sub; as many instances of each sample app as its Deployment has replicas; a load that rises and \
            falls; and the operator with its plugins. An app whose server is not installed is skipped. The demo \
            ends automatically, with exit code 0 if each app was scaled up and down.
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
        let scaleCounts = Mutex<[String: DemoScaleCounts]>([:])
        let (display, apps) = try await CurlHTTPClient.withClient { http in
            let demo = Demo(
                clock: DemoClock(plan: DemoPlan(seconds: seconds)), directory: directory.path, http: http,
                logger: logger,
                onDecision: { scaler, from, to in
                    scaleCounts.withLock { scaleCounts in
                        var own = scaleCounts[scaler] ?? DemoScaleCounts()
                        if to > from { own.ups += 1 } else { own.downs += 1 }
                        scaleCounts[scaler] = own
                    }
                }
            )
            return try await demo.run()
        }
        let counts = scaleCounts.withLock(\.self)
        StandardStreams.printLine(display.summary(counts))
        let areAllScaled = apps.allSatisfy { app in
            counts[app.scalerName].map { $0.ups > 0 && $0.downs > 0 } ?? false
        }
        guard areAllScaled else { throw ExitCode.failure }
    }
}
