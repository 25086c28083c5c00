import Scaling
import ServiceLifecycle
import Synchronization

/// Publishes messages to a queue in memory, and keeps unacknowledged ones.
final class DemoMessages: DemoWork {
    /// Messages per second. An instance of the app processes four.
    private static let rates = 2.0...20.0
    private static let delay = 0.1
    private static let tick: Duration = .milliseconds(250)

    private struct State {
        var waiting: [Int] = []
        var delivered: Set<Int> = []
        var published = 0
    }

    private let clock: DemoClock
    private let state = Mutex(State())

    init(clock: DemoClock) {
        self.clock = clock
    }

    var unacknowledged: Int { state.withLock { $0.waiting.count + $0.delivered.count } }
    var summary: String {
        "\(state.withLock(\.published).counted("message")) published, \(unacknowledged) not acknowledged"
    }

    func pull(_ count: Int) -> [Int] {
        state.withLock { state in
            let messages = Array(state.waiting.prefix(count))
            state.waiting.removeFirst(messages.count)
            state.delivered.formUnion(messages)
            return messages
        }
    }

    func acknowledge(_ messages: [Int]) {
        state.withLock { $0.delivered.subtract(messages) }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var meter = WorkMeter()
            while (try? await Task.sleep(for: Self.tick)) != nil {
                let count = meter.due(rate: self.clock.rate(in: Self.rates, delay: Self.delay))
                self.state.withLock { state in
                    state.waiting += state.published..<state.published + count
                    state.published += count
                }
            }
        }
    }
}
