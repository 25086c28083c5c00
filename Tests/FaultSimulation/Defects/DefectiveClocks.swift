/// A clock that occasionally loses a sleeper.
final class ForgetfulClock: Clock {
    private let clock: SimulatedClock
    private let random: @Sendable () -> Double

    init(_ clock: SimulatedClock, _ random: @escaping @Sendable () -> Double) {
        self.clock = clock
        self.random = random
    }

    var now: SimulatedClock.Instant { clock.now }
    var minimumResolution: Duration { clock.minimumResolution }

    func sleep(until deadline: SimulatedClock.Instant, tolerance: Duration?) async throws {
        let isForgotten = random() < 0.02
        try await clock.sleep(
            until: isForgotten ? deadline.advanced(by: .seconds(86_400)) : deadline, tolerance: tolerance)
    }
}

/// A clock that wakes its sleepers at whole multiples of five seconds.
final class CoarseClock: Clock {
    private static let step: Int64 = 5_000_000

    private let clock: SimulatedClock

    init(_ clock: SimulatedClock) {
        self.clock = clock
    }

    var now: SimulatedClock.Instant { clock.now }
    var minimumResolution: Duration { clock.minimumResolution }

    func sleep(until deadline: SimulatedClock.Instant, tolerance: Duration?) async throws {
        // Short sleeps stay as they are, so that requests are retried as before.
        let isShort = deadline.time - now.time <= Self.step / 5
        let steps = (deadline.time + Self.step - 1) / Self.step
        try await clock.sleep(
            until: isShort ? deadline : SimulatedClock.Instant(time: steps * Self.step), tolerance: nil)
    }
}

/// A wall clock that is used as a clock that does not jump.
final class WallClock: Clock {
    private let clock: SimulatedClock

    init(_ clock: SimulatedClock) {
        self.clock = clock
    }

    var now: SimulatedClock.Instant { SimulatedClock.Instant(time: clock.wall) }
    var minimumResolution: Duration { clock.minimumResolution }

    func sleep(until deadline: SimulatedClock.Instant, tolerance: Duration?) async throws {
        while now < deadline { try await clock.sleep(for: now.duration(to: deadline)) }
    }
}
