import HTTPTransport
import KubernetesClient
import Operator
import SystemIO

/// The dependencies of an operator, with a defect if one is injected.
struct Seams {
    let source: any MetricSource
    let http: any HTTPClient
    let time: TimeSource
    let election: LeaderElection?

    init(planting defect: PlantedDefect?, _ parts: Replica.Parts) {
        let clock = parts.clock
        let wall: @Sendable () -> Int64 = { clock.wall }
        election = parts.election
        switch defect {
        case .noDataIsZero, .taskLeaked, .forecastLowers:
            source = DefectiveSource(parts.source, defect)
        default: source = parts.source
        }
        switch defect {
        case .resourceVersionNotSent, .leaderCheckSkipped, .pendingScaleLost, .relistDropped, .rateIgnored,
            .lateAnswerAppliedTwice, .schedulesNotListed, .budgetLimitDoubled, .guaranteeIgnored,
            .reclaimNotImmediate, .budgetRelistDropped, .budgetStatusLost, .predecessorNotCounted,
            .givenUpNotCounted:
            http = DefectiveTransport(parts.network, defect)
        default: http = parts.network
        }
        switch defect {
        case .dueTimeForgotten: time = TimeSource(clock: ForgetfulClock(clock, parts.random), wallMicroseconds: wall)
        case .edgesLate: time = TimeSource(clock: CoarseClock(clock), wallMicroseconds: wall)
        case .backwardsClockTrusted: time = TimeSource(clock: WallClock(clock), wallMicroseconds: wall)
        default: time = TimeSource(clock: clock, wallMicroseconds: wall)
        }
    }
}
