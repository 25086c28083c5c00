import KubernetesClient
import Scaling
import ServiceLifecycle
import Synchronization
import WireFormats

/// Shows the events as they happen: a table that is redrawn, or periodic lines if stdout is not a terminal.
final class DemoDisplay: Service {
    private struct Peak {
        var amount = 0
        var replicas = 0
    }

    private static let interval: Duration = .seconds(1)
    private static let barWidth = 10
    /// The width of one app's columns.
    private static let width = 24

    private let clock: DemoClock
    private let scenarios: [DemoScenario]
    private let client: KubernetesClient
    private let peaks = Mutex<[String: Peak]>([:])

    init(clock: DemoClock, scenarios: [DemoScenario], client: KubernetesClient) {
        self.clock = clock
        self.scenarios = scenarios
        self.client = client
    }

    /// Ends with the plan, which ends the demo.
    func run() async throws {
        clock.start()
        await cancelWhenGracefulShutdown {
            var table = LiveTable(header: self.header)
            var replicas: [String: Int] = [:]
            var troubles: [String: String] = [:]
            while self.clock.time < self.clock.plan.seconds {
                guard (try? await Task.sleep(for: Self.interval)) != nil else { return }
                var row = Self.right(String(Int(self.clock.time)), 4) + "s "
                var notes: [String] = []
                for scenario in self.scenarios {
                    let status = await self.status(of: scenario.app)
                    let current = status?["currentReplicas"]?.intValue ?? scenario.app.minReplicas
                    row += self.columns(scenario, current)
                    let problem = DemoApp.problem(status)
                    if current != replicas[scenario.app.name] ?? scenario.app.minReplicas {
                        notes.append("\(scenario.app.name): \(status?["reason"]?.stringValue ?? "")")
                    } else if let problem, problem != troubles[scenario.app.name] {
                        notes.append("\(scenario.app.name): \(problem)")
                    }
                    replicas[scenario.app.name] = current
                    troubles[scenario.app.name] = problem
                }
                table.add(row + notes.joined(separator: "  "))
            }
        }
    }

    private func status(of app: DemoApp) async -> JSON? {
        let key = ObjectKey(namespace: DemoPlan.namespace, name: app.scalerName)
        return try? await client.get(.demoScaler, key)["status"]
    }

    private func columns(_ scenario: DemoScenario, _ replicas: Int) -> String {
        let amount = scenario.amount()
        peaks.withLock { peaks in
            let peak = peaks[scenario.app.name, default: Peak()]
            peaks[scenario.app.name] = Peak(
                amount: max(peak.amount, amount), replicas: max(peak.replicas, replicas))
        }
        let text = Self.right(String(amount), 8) + Self.right(String(replicas), 4) + " "
        return text + Self.bar(Double(replicas) / Double(scenario.app.maxReplicas)) + " "
    }

    private var header: [String] {
        let names = scenarios.map { Self.left("   \($0.app.name)", Self.width) }.joined()
        let units = scenarios.map { Self.right($0.unit, 8) + Self.left(" replicas", Self.width - 8) }.joined()
        return ["      " + names, " time " + units + "decision"]
    }

    /// - Parameter scaleCounts: the numbers of scale-ups and scale-downs by the scaler's name.
    func summary(_ scaleCounts: [String: DemoScaleCounts]) -> String {
        let peaks = peaks.withLock(\.self)
        let lines = scenarios.map { scenario in
            let peak = peaks[scenario.app.name] ?? Peak()
            let own = scaleCounts[scenario.app.scalerName] ?? DemoScaleCounts()
            return
                "\(scenario.app.name): up to \(peak.amount) \(scenario.unit), replicas from \(scenario.app.minReplicas) to "
                + "\(peak.replicas), scaled up \(own.ups.counted("time")) and down \(own.downs.counted("time")); \(scenario.load.summary)"
        }
        return "\n" + lines.joined(separator: "\n")
            + "\nTo see why in the browser: generalscaler-dev demo --seconds 900, and open the link of the console."
    }

    // MARK: Text

    private static func bar(_ share: Double) -> String {
        let filled = min(barWidth, max(0, Int((share * Double(barWidth)).rounded())))
        return String(repeating: "█", count: filled) + String(repeating: "·", count: barWidth - filled)
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private static func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}

/// The numbers of scale-ups and scale-downs of a scaler.
struct DemoScaleCounts: Sendable {
    var ups = 0
    var downs = 0
}
