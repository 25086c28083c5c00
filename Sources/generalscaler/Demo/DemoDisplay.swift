import Glibc
import KubernetesClient
import ServiceLifecycle
import Synchronization
import WireFormats

/// Shows what happens while it happens: a table that redraws itself, or one line a moment where stdout is no terminal.
final class DemoDisplay: Service {
    private static let interval: Duration = .seconds(1)
    /// Of a table in place, the newest lines that stay visible.
    private static let visibleRows = 18

    private let plan: DemoPlan
    private let load: DemoLoad
    private let fleet: DemoFleet
    private let client: KubernetesClient
    private let isTerminal = isatty(STDOUT_FILENO) == 1
    private let peak = Mutex<(rate: Double, replicas: Int)>((0, 0))

    init(plan: DemoPlan, load: DemoLoad, fleet: DemoFleet, client: KubernetesClient) {
        self.plan = plan
        self.load = load
        self.fleet = fleet
        self.client = client
    }

    /// Ends by itself when the plan's time is over, which ends the demo.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            var rows: [String] = []
            var lastReason = ""
            while self.load.time < self.plan.seconds {
                guard (try? await Task.sleep(for: Self.interval)) != nil else { return }
                let status = try? await self.client.get(.demoScaler, Self.scalerKey)["status"]
                let reason = status?["reason"]?.stringValue ?? "waiting for the first decision"
                let row = self.row(status, reason: reason == lastReason ? "" : reason)
                rows.append(row)
                lastReason = reason
                self.show(rows)
            }
        }
    }

    private static let scalerKey = ObjectKey(namespace: DemoPlan.namespace, name: "http-app-scaler")
    private static let header = " time   load req/s                 per replica  replicas              why"

    private func row(_ status: JSON?, reason: String) -> String {
        let replicas = status?["currentReplicas"]?.intValue ?? DemoPlan.minReplicas
        let rate = load.rate
        peak.withLock { $0 = (max($0.rate, rate), max($0.replicas, replicas)) }
        let perReplica = rate / Double(max(1, fleet.addresses.count))
        return [
            Self.right(String(Int(load.time)), 4) + "s ",
            Self.right(String(Int(rate)), 4) + " " + Self.bar(rate / DemoPlan.highRate, 20) + " ",
            Self.right(Self.oneDecimal(perReplica), 11) + "  ",
            Self.right(String(replicas), 3) + " " + Self.bar(Double(replicas) / Double(DemoPlan.maxReplicas), 16)
                + "  ",
            reason,
        ].joined()
    }

    private func show(_ rows: [String]) {
        guard isTerminal else {
            if rows.count == 1 { StandardStreams.printLine(Self.header) }
            StandardStreams.printLine(rows.last ?? "")
            return
        }
        var size = winsize()
        let width = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 100
        let lines = [Self.header] + rows.suffix(Self.visibleRows)
        let home = rows.count > 1 ? "\u{1B}[\(min(rows.count - 1, Self.visibleRows) + 1)A" : ""
        StandardStreams.printLine(home + lines.map { "\u{1B}[2K" + $0.prefix(width) }.joined(separator: "\n"))
    }

    func summary(ups: Int, downs: Int) -> String {
        let counts = load.counts
        let peak = peak.withLock(\.self)
        return """

            \(counts.sent) requests in \(Int(load.time)) s, \(counts.failed) of them failed
            load from \(Int(DemoPlan.lowRate)) to \(Int(peak.rate)) requests a second, replicas from \
            \(DemoPlan.minReplicas) to \(peak.replicas)
            scaled up \(ups) times, scaled down \(downs) times
            """
    }

    // MARK: Text

    private static func bar(_ share: Double, _ width: Int) -> String {
        let filled = min(width, max(0, Int((share * Double(width)).rounded())))
        return String(repeating: "█", count: filled) + String(repeating: "·", count: width - filled)
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private static func oneDecimal(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}

extension ResourceKind {
    static let demoScaler = ResourceKind(
        group: "autoscaling.example.com", version: "v1", kind: "GeneralScaler", plural: "generalscalers"
    )
}
