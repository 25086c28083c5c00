import Testing

@testable import Operator

@Suite("Due times of polls")
struct ScheduleTests {
    @Test("the schedule returns due entries in the order of their times, after entries were set, moved and removed")
    func order() {
        var random = SystemRandomNumberGenerator()
        var schedule = DueSchedule<Int>()
        var expected: [Int: Int] = [:]
        for _ in 0..<2_000 {
            let key = Int.random(in: 0..<300, using: &random)
            if Int.random(in: 0..<4, using: &random) == 0 {
                schedule.remove(key)
                expected[key] = nil
            } else {
                let due = Int.random(in: 0..<10_000, using: &random)
                schedule.set(key, due: .seconds(due))
                expected[key] = due
            }
            #expect(schedule.due(of: key) == expected[key].map { .seconds($0) })
        }
        #expect(schedule.count == expected.count)
        var last = -1
        while let key = schedule.popDue(by: .seconds(5_000)) {
            let due = expected.removeValue(forKey: key) ?? -1
            #expect((last...5_000).contains(due))
            last = due
        }
        #expect(expected.values.allSatisfy { $0 > 5_000 })
        #expect(schedule.nextDue == expected.values.min().map { .seconds($0) })
    }

    @Test("polls are one interval apart, at the phase of their query")
    func phase() {
        let phase = PollPhase.phase(of: "prometheus {}")
        var now = Duration.seconds(1_234)
        var last: Duration?
        for _ in 0..<10 {
            let due = PollPhase.nextDue(after: now, phase: phase, interval: .seconds(15))
            #expect(due > now && due <= now + .seconds(15))
            if let last { #expect(due - last == .seconds(15)) }
            last = due
            now = due
        }
    }

    @Test("polls with the same phase and intervals that divide each other coincide, so that one call serves both")
    func together() {
        let phase = PollPhase.phase(of: "shared")
        let fast = PollPhase.nextDue(after: .seconds(100), phase: phase, interval: .seconds(15))
        let slow = PollPhase.nextDue(after: .seconds(100), phase: phase, interval: .seconds(60))
        #expect(((slow - fast) / .seconds(15)).truncatingRemainder(dividingBy: 1) == 0)
    }

    @Test("the polls of a thousand scalers are spread over their interval")
    func spread() {
        let seconds = (0..<1_000).map { number in
            let due = PollPhase.nextDue(
                after: .zero, phase: PollPhase.phase(of: "uid-\(number)"), interval: .seconds(10))
            return Int(due / .seconds(1) - 1e-9)
        }
        for second in 0..<10 { #expect((50...150).contains(seconds.count { $0 == second })) }
    }
}
