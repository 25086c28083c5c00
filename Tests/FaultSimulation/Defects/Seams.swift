import HTTPTransport
import KubernetesClient
import Operator
import Scaling

/// The dependencies of an operator, with a defect if one is injected.
struct Seams {
    let source: any MetricSource
    let http: any HTTPClient
    let time: OperatorTime
    let election: LeaderElection?

    init(planting defect: PlantedDefect?, _ parts: Replica.Parts) {
        let clock = parts.clock
        let wall: @Sendable () -> Timestamp = { Timestamp(microsecondsSince1970: clock.wall) }
        election = parts.election
        switch defect {
        case .noDataIsZero, .taskLeaked:
            source = DefectiveSource(parts.source, defect)
        default: source = parts.source
        }
        switch defect {
        case .resourceVersionNotSent, .leaderCheckSkipped, .pendingScaleLost, .relistDropped, .rateIgnored,
            .lateAnswerAppliedTwice:
            http = DefectiveTransport(parts.network, defect)
        default: http = parts.network
        }
        switch defect {
        case .dueTimeForgotten: time = OperatorTime(clock: ForgetfulClock(clock, parts.random), now: wall)
        case .backwardsClockTrusted: time = OperatorTime(clock: WallClock(clock), now: wall)
        default: time = OperatorTime(clock: clock, now: wall)
        }
    }
}
