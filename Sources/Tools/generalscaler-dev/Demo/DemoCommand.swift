import ArgumentParser
import Backtest
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
            Runs a simulated cluster, a prometheus server, a redis-server and a simulated Google Cloud Monitoring API \
            and Pub/Sub; as many instances of each sample app as its Deployment has replicas; a load that rises and \
            falls; and the operator with its plugins. An app whose server is not installed is skipped. With \
            --inference, the apps are those of examples/llm-inference. The demo ends automatically, with exit code 0 if \
            each app was scaled up and down, within the budget if there is one.
            """
    )

    @Option(help: "Seconds of load.")
    var seconds = 90.0

    @Flag(help: "Scale three simulated LLM servers under one budget of GPUs instead; needs prometheus.")
    var inference = false

    @Option(
        help:
            "Requests for --inference: a trace with the columns time, requests and, if known, contextTokens and generatedTokens."
    )
    var trace: String?

    @Flag(help: "Show the operator's log on stderr.")
    var verbose = false

    func validate() throws {
        guard seconds >= 30, seconds <= 3_600 else { throw ValidationError("--seconds must be from 30 to 3600.") }
        guard trace == nil || inference else { throw ValidationError("--trace needs --inference.") }
    }

    func run() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(
            path: "generalscaler-demo-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let logger = StandardStreams.logger("generalscaler.demo", level: verbose ? .debug : .error)
        let scaleCounts = Mutex<[String: DemoScaleCounts]>([:])
        let plan = DemoClock(plan: DemoPlan(seconds: seconds))
        let onDecision: @Sendable (String, Int, Int) -> Void = { scaler, from, to in
            scaleCounts.withLock { scaleCounts in
                var own = scaleCounts[scaler] ?? DemoScaleCounts()
                if to > from { own.ups += 1 } else { own.downs += 1 }
                scaleCounts[scaler] = own
            }
        }
        let requests = try inference ? requests() : nil
        let (display, scalers, budget) = try await CurlHTTPClient.withClient {
            http -> (DemoDisplay, [String], InferenceDemo.Outcome?) in
            if let requests {
                let outcome = try await InferenceDemo(
                    clock: plan, trace: requests, directory: directory.path, http: http, logger: logger,
                    onDecision: onDecision
                ).run()
                return (outcome.display, outcome.scalers, outcome)
            }
            let demo = Demo(
                clock: plan, directory: directory.path, http: http, logger: logger, onDecision: onDecision)
            let (display, scalers) = try await demo.run()
            return (display, scalers, nil)
        }
        let counts = scaleCounts.withLock(\.self)
        StandardStreams.printLine(display.summary(counts))
        if let budget { StandardStreams.printLine(budget.summary) }
        let areAllScaled = scalers.allSatisfy { scaler in
            counts[scaler].map { $0.ups > 0 && $0.downs > 0 } ?? false
        }
        guard areAllScaled, budget?.isWithinLimit ?? true else { throw ExitCode.failure }
    }

    private static let maxTraceBytes = 64 << 20

    /// The requests of `--inference`.
    private func requests() throws -> InferenceTrace {
        guard DemoServers.isInstalled("prometheus") else {
            throw DemoError(
                "--inference needs prometheus, which is not installed (sudo apt-get install prometheus)")
        }
        do throws(TraceError) {
            guard let trace else { return try .example() }
            let bytes: [UInt8]
            do throws(FileProblem) {
                bytes = try FileText.bytes(trace, maxBytes: Self.maxTraceBytes)
            } catch {
                throw TraceError("\(error)")
            }
            return try InferenceTrace(Trace(bytes: bytes))
        } catch {
            throw DemoError("\(trace ?? "the trace") \(error)")
        }
    }
}
