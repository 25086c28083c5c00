import PluginSDK
import SourceSupport
import SystemIO

/// Cancels a reading whose time is over.
///
/// It takes the place of gRPC's own timeout: that is a task that sleeps for each request, and keeps its memory until the
/// deadline although the answer came long before.
final class ReadingLimit: LimitedCall {
    let limit: ContinuousClock.Instant
    private let end = AsyncPromise<Void>()

    init(_ limit: ContinuousClock.Instant) {
        self.limit = limit
    }

    func expire() { end.fulfill(.success(())) }

    /// Runs the body, which is cancelled at the limit.
    ///
    /// - Throws: the error of the body.
    func run(
        endedBy calls: OverdueCalls, _ body: @escaping @Sendable () async throws -> MetricReading
    ) async throws -> MetricReading {
        calls.add(self)
        defer { calls.remove(self) }
        return try await withThrowingTaskGroup(of: MetricReading?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try? await self.end.value
                return nil
            }
            defer { group.cancelAll() }
            while let reading = try await group.next() {
                if let reading { return reading }
                group.cancelAll()
            }
            throw CancellationError()
        }
    }
}
