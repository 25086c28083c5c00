import ServiceLifecycle
import SystemIO

/// Runs watches that start and end during the operator's lifetime.
final class WatchPool: Service {
    private struct Start: Sendable {
        let run: @Sendable () async throws -> Void
        let end: AsyncLatch
    }

    private let starts: AsyncStream<Start>
    private let input: AsyncStream<Start>.Continuation

    init() {
        // As many elements as watches that are started before the pool runs.
        (starts, input) = AsyncStream.makeStream()
    }

    /// Runs a watch until the latch opens or the pool is shut down.
    func start(until end: AsyncLatch, _ run: @escaping @Sendable () async throws -> Void) {
        input.yield(Start(run: run, end: end))
    }

    func run() async throws {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { watches in
                for await start in starts where !start.end.isOpen {
                    watches.addTask { await Self.run(start) }
                }
                watches.cancelAll()
            }
        } onGracefulShutdown: {
            self.input.finish()
        }
    }

    private static func run(_ start: Start) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await start.run() }
            group.addTask { await start.end.wait() }
            await group.next()
            group.cancelAll()
        }
    }
}
