import HTTPTransport
import Scaling
import ServiceLifecycle
import Synchronization

/// Sends requests to the instances at the planned rate.
final class DemoLoad: DemoWork {
    private struct State {
        var sent = 0
        var failed = 0
    }

    /// Requests per second.
    private static let rates = 12.0...70.0
    private static let tick: Duration = .milliseconds(50)
    private static let requestTimeout: Duration = .seconds(2)

    private let clock: DemoClock
    private let fleet: DemoFleet
    private let http: any HTTPClient
    private let state = Mutex(State())

    init(clock: DemoClock, fleet: DemoFleet, http: any HTTPClient) {
        self.clock = clock
        self.fleet = fleet
        self.http = http
    }

    var rate: Double { clock.rate(in: Self.rates) }
    var summary: String { state.withLock { "\($0.sent.counted("request")), \($0.failed) of them failed" } }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                var meter = WorkMeter()
                while !Task.isCancelled {
                    guard (try? await Task.sleep(for: Self.tick)) != nil else { break }
                    for address in self.due(meter.due(rate: self.rate)) {
                        group.addTask { await self.request(address) }
                    }
                }
                group.cancelAll()
            }
        }
    }

    /// Returns the addresses for the next requests.
    private func due(_ count: Int) -> [String] {
        let addresses = fleet.addresses
        guard !addresses.isEmpty else { return [] }
        return state.withLock { state in
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
