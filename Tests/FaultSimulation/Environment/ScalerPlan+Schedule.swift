import WireFormats

extension ScalerPlan {
    /// Other bounds for a while, soon after the simulation began.
    struct Schedule: Sendable, Equatable {
        /// Of the first hour, UTC.
        let minute: Int
        let seconds: Int
        let least: Int?
        let most: Int?

        var start: Int64 { SimulatedClock.epoch + Int64(minute) * 60_000_000 }
        var end: Int64 { start + Int64(seconds) * 1_000_000 }

        static func random(_ random: RandomSource, within bounds: ClosedRange<Int>) -> Schedule {
            let least = random.within(bounds)
            let isMost = random.chance(percent: 40)
            return Schedule(
                minute: random.within(1...6), seconds: random.within(60...200), least: isMost ? nil : least,
                most: isMost ? max(least, 1) : nil)
        }

        var json: JSON {
            [
                "name": "soon", "start": .string("\(minute) 0 1 1 *"), "duration": .string("\(seconds)s"),
                "minReplicas": least.map { .integer(Int64($0)) } ?? .null,
                "maxReplicas": most.map { .integer(Int64($0)) } ?? .null,
            ]
        }
    }

    /// The schedule, unless an edit of the bounds has made a contradiction of it.
    var fittingSchedule: Schedule? {
        schedule.flatMap { $0.least ?? least <= $0.most ?? most ? $0 : nil }
    }

    /// The plan with the bounds of a moment.
    ///
    /// - Parameter time: microseconds since 1970, by the clock of the replica that decides.
    func effective(at time: Int64) -> ScalerPlan {
        guard let schedule = fittingSchedule, schedule.start <= time, time < schedule.end else { return self }
        var plan = self
        plan.specBounds = ownBounds
        plan.least = schedule.least ?? least
        plan.most = schedule.most ?? most
        return plan
    }

    /// When the bounds last changed by the schedule, in microseconds since 1970.
    func lastEdge(by time: Int64) -> Int64? {
        [fittingSchedule?.start, fittingSchedule?.end].compactMap(\.self).filter { $0 <= time }.max()
    }
}
