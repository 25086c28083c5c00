import CommandSupport
import Glibc
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
    /// The number of visible rows of the redrawn table.
    private static let visibleRows = 18
    private static let barWidth = 10
    /// The width of one app's columns.
    private static let width = 24

    private let clock: DemoClock
    private let scenarios: [DemoScenario]
    private let client: KubernetesClient
    private let isTerminal = isatty(STDOUT_FILENO) == 1
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
            var rows: [String] = []
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
                    let problem = Self.problem(status)
                    if current != replicas[scenario.app.name] ?? scenario.app.minReplicas {
                        notes.append("\(scenario.app.name): \(status?["reason"]?.stringValue ?? "")")
                    } else if let problem, problem != troubles[scenario.app.name] {
                        notes.append("\(scenario.app.name): \(problem)")
                    }
                    replicas[scenario.app.name] = current
                    troubles[scenario.app.name] = problem
                }
                rows.append(row + notes.joined(separator: "  "))
                self.show(rows)
            }
        }
    }

    private func status(of app: DemoApp) async -> JSON? {
        let key = ObjectKey(namespace: DemoPlan.namespace, name: app.scalerName)
        return try? await client.get(.demoScaler, key)["status"]
    }

    /// Returns the problem of a scaler; nil if there is none.
    private static func problem(_ status: JSON?) -> String? {
        let ready = status?["conditions"]?.arrayValue?.first { $0["type"] == "Ready" }
        return ready?["status"] == "False" ? ready?["message"]?.stringValue : nil
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
        return ["      " + names, " time " + units + "what was decided"]
    }

    private func show(_ rows: [String]) {
        guard isTerminal else {
            if rows.count == 1 { StandardStreams.printLine(header.joined(separator: "\n")) }
            StandardStreams.printLine(rows.last ?? "")
            return
        }
        var size = winsize()
        let width = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 100
        let lines = header + rows.suffix(Self.visibleRows)
        let home = rows.count > 1 ? "\u{1B}[\(min(rows.count - 1, Self.visibleRows) + header.count)A" : ""
        StandardStreams.printLine(home + lines.map { "\u{1B}[2K" + $0.prefix(width) }.joined(separator: "\n"))
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

extension ResourceKind {
    static let demoScaler = ResourceKind(
        group: "autoscaling.example.com", version: "v1", kind: "GeneralScaler", plural: "generalscalers"
    )
}
