import HTTPTransport
import ServiceLifecycle
import Synchronization

/// Sends requests to the instances at the rate that the plan has for the moment.
final class DemoLoad: Service {
    private struct State {
        var startedAt: ContinuousClock.Instant?
        var sent = 0
        var failed = 0
        var credit = 0.0
    }

    private static let tick: Duration = .milliseconds(50)
    private static let requestTimeout: Duration = .seconds(2)

    private let plan: DemoPlan
    private let fleet: DemoFleet
    private let http: any HTTPClient
    private let state = Mutex(State())

    init(plan: DemoPlan, fleet: DemoFleet, http: any HTTPClient) {
        self.plan = plan
        self.fleet = fleet
        self.http = http
    }

    /// Seconds since the first request.
    var time: Double { state.withLock(\.startedAt).map { Double(($0.duration(to: .now)) / .seconds(1)) } ?? 0 }
    var rate: Double { plan.rate(at: time) }
    var counts: (sent: Int, failed: Int) { state.withLock { ($0.sent, $0.failed) } }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                var last = ContinuousClock.now
                while !Task.isCancelled {
                    guard (try? await Task.sleep(for: Self.tick)) != nil else { break }
                    let now = ContinuousClock.now
                    for address in self.due(after: last.duration(to: now)) {
                        group.addTask { await self.request(address) }
                    }
                    last = now
                }
                group.cancelAll()
            }
        }
    }

    /// Whom to ask now: as many as the rate gives for the time that has passed.
    private func due(after elapsed: Duration) -> [String] {
        let addresses = fleet.addresses
        guard !addresses.isEmpty else { return [] }
        let rate = rate
        return state.withLock { state in
            if state.startedAt == nil { state.startedAt = .now }
            state.credit += rate * (elapsed / .seconds(1))
            let count = Int(state.credit)
            state.credit -= Double(count)
            defer { state.sent += count }
            return (0..<count).map { addresses[(state.sent + $0) % addresses.count] }
        }
    }

    private func request(_ address: String) async {
        let request = HTTPRequest(url: "http://\(address)/", timeout: Self.requestTimeout)
        let isAnswered = (try? await http.send(request))?.status == 200
        if !isAnswered, !Task.isCancelled { state.withLock { $0.failed += 1 } }
    }
}
