/// A process's view of the timeline: a clock that does not jump, and a time of day that may jump.
///
/// Not thread-safe and sent to other tasks nevertheless: all code of the simulation runs on one thread, see
/// ``JobQueue``.
final class SimulatedClock: Clock, @unchecked Sendable {
    struct Instant: InstantProtocol {
        /// Microseconds since the start of the environment.
        let time: Int64

        func advanced(by duration: Duration) -> Instant { Instant(time: time + Timeline.microseconds(duration)) }
        func duration(to other: Instant) -> Duration { .microseconds(other.time - time) }
        static func < (left: Instant, right: Instant) -> Bool { left.time < right.time }
    }

    /// 2026-01-01T00:00:00Z, in microseconds since 1970.
    static let epoch: Int64 = 1_767_225_600_000_000

    private struct Sleeper {
        let event: Timeline.Event
        let continuation: CheckedContinuation<Void, any Error>
    }

    private let timeline: Timeline
    private var sleepers: [Int: Sleeper] = [:]
    private var lastSleeper = 0
    /// The offsets of the time of day, oldest first, with their start times.
    private(set) var offsets: [(since: Int64, offset: Int64)] = [(0, 0)]

    init(_ timeline: Timeline) {
        self.timeline = timeline
    }

    var now: Instant { Instant(time: timeline.now) }
    var minimumResolution: Duration { .microseconds(1) }
    var sleeperCount: Int { sleepers.count }

    /// Microseconds since 1970, by this process's wall clock.
    var wall: Int64 { Self.epoch + timeline.now + (offsets.last?.offset ?? 0) }

    func set(offset: Duration) { offsets.append((timeline.now, Timeline.microseconds(offset))) }

    /// Returns the range of the offsets of the time of day since then.
    func offsets(since time: Int64) -> ClosedRange<Int64> {
        let first = offsets.lastIndex { $0.since <= time } ?? 0
        let values = offsets[first...].map(\.offset)
        return (values.min() ?? 0)...(values.max() ?? 0)
    }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        lastSleeper += 1
        let number = lastSleeper
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                guard !Task.isCancelled else { return continuation.resume(throwing: CancellationError()) }
                let event = timeline.at(deadline.time) { [self] in
                    sleepers.removeValue(forKey: number)?.continuation.resume()
                }
                sleepers[number] = Sleeper(event: event, continuation: continuation)
            }
        } onCancel: {
            guard let sleeper = sleepers.removeValue(forKey: number) else { return }
            timeline.cancel(sleeper.event)
            sleeper.continuation.resume(throwing: CancellationError())
        }
    }
}
