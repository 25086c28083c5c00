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
    private let columns: [DemoColumn]
    private let client: KubernetesClient
    private let command: String
    private let peaks = Mutex<[String: Peak]>([:])

    /// - Parameter command: what shows more than this demo.
    init(clock: DemoClock, columns: [DemoColumn], client: KubernetesClient, command: String) {
        self.clock = clock
        self.columns = columns
        self.command = command
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
                for column in self.columns {
                    let status = try? await self.client.get(.demoScaler, column.scaler)["status"]
                    let current = status?["currentReplicas"]?.intValue ?? column.minReplicas
                    row += self.cells(column, current)
                    let problem = DemoApp.problem(status)
                    if current != replicas[column.name] ?? column.minReplicas {
                        notes.append("\(column.name): \(status?["reason"]?.stringValue ?? "")")
                    } else if let problem, problem != troubles[column.name] {
                        notes.append("\(column.name): \(problem)")
                    }
                    replicas[column.name] = current
                    troubles[column.name] = problem
                }
                table.add(row + notes.joined(separator: "  "))
            }
        }
    }

    private func cells(_ column: DemoColumn, _ replicas: Int) -> String {
        let amount = column.amount()
        peaks.withLock { peaks in
            let peak = peaks[column.name, default: Peak()]
            peaks[column.name] = Peak(
                amount: max(peak.amount, amount), replicas: max(peak.replicas, replicas))
        }
        let text = Self.right(String(amount), 8) + Self.right(String(replicas), 4) + " "
        return text + Self.bar(Double(replicas) / Double(column.maxReplicas)) + " "
    }

    private var header: [String] {
        let names = columns.map { Self.left("   \($0.name)", Self.width) }.joined()
        let units = columns.map { Self.right($0.unit, 8) + Self.left(" replicas", Self.width - 8) }.joined()
        return ["      " + names, " time " + units + "decision"]
    }

    /// - Parameter scaleCounts: the numbers of scale-ups and scale-downs by the scaler's name.
    func summary(_ scaleCounts: [String: DemoScaleCounts]) -> String {
        let peaks = peaks.withLock(\.self)
        let lines = columns.map { column in
            let peak = peaks[column.name] ?? Peak()
            let own = scaleCounts[column.scaler.name] ?? DemoScaleCounts()
            return
                "\(column.name): up to \(peak.amount) \(column.unit), replicas from \(column.minReplicas) to "
                + "\(peak.replicas), scaled up \(own.ups.counted("time")) and down \(own.downs.counted("time")); \(column.summary())"
        }
        return "\n" + lines.joined(separator: "\n")
            + "\nTo see why in the browser: \(command) --seconds 900, and open the link of the console."
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
