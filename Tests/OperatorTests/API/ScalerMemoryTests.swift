import KubernetesClient
import Scaling
import SystemIO
import Testing
import WireFormats

@testable import Operator
@testable import ScalerAPI

@Suite("The operator's memory")
struct ScalerMemoryTests {
    private static let start: Int64 = 1_767_225_600
    static func at(_ seconds: Int64) -> Timestamp {
        Timestamp(microsecondsSince1970: (start + seconds) * 1_000_000 + 123_457)
    }

    static func identity(_ number: Int) -> ObjectIdentity {
        ObjectIdentity(namespace: "shop", name: "web-\(number)", uid: "uid-\(number)")
    }

    /// A decision whose metrics have that value; nil for no data.
    static func decision(_ seconds: Int64, _ value: Double?, metrics: Int = 1, desired: Int = 3) -> Decision {
        let time = at(seconds)
        let records = (0..<metrics).map { number in
            MetricRecord(
                name: "m\(number)", observation: value.map { .value($0, observedAt: time) } ?? .noData("empty"),
                target: 100, targetType: .averageValue, ratio: value.map { $0 / 300 }, recommended: value.map { _ in 4 }
            )
        }
        return Decision(
            time: time, current: 3, ready: 3, recommended: 4, desired: desired, metrics: records,
            limitedBy: [.cooldown])
    }

    static func take(_ decision: Decision, _ number: Int, isChange: Bool = false, into memory: ScalerMemory) {
        memory.take(
            .decided(decision, obstacle: nil), isChange: isChange, of: identity(number), spec: nil, generation: 1,
            status: ScalerStatus(decision: decision), at: decision.time)
    }

    private func key(_ number: Int) -> ObjectKey { Self.identity(number).key }

    @Test("readings are bounded as a whole, and older ones are kept at a lower resolution")
    func bounds() throws {
        let memory = ScalerMemory()
        memory.begin(at: Self.at(0))
        let (polls, interval): (Int64, Int64) = (1_500, 15)
        for poll in 0..<polls {
            for number in 0..<5 { Self.take(Self.decision(poll * interval, 7.25, metrics: 20), number, into: memory) }
        }
        #expect(memory.bytes <= MemoryLimits.bytes(scalers: 5))
        let readings = try #require(memory.past(of: key(3))?.metrics[4]).readings
        #expect(readings.count < Int(polls))
        #expect(readings.first?.seconds == UInt32(Self.start))
        #expect(readings.last?.seconds == UInt32(Self.start + (polls - 1) * interval))
        let steps = zip(readings, readings.dropFirst()).map { $1.seconds - $0.seconds }
        #expect(steps.allSatisfy { $0 == UInt32(interval) || $0 <= MemoryLimits.coarseSeconds })
        #expect(steps.first == MemoryLimits.coarseSeconds)
        #expect(steps.last == UInt32(interval))
        #expect(zip(steps, steps.dropFirst()).allSatisfy { $0 >= $1 || $1 == UInt32(interval) })
    }

    @Test("readings are kept for longer although the clock was set back")
    func clock() throws {
        let memory = ScalerMemory()
        memory.begin(at: Self.at(0))
        for number in 0..<5 { Self.take(Self.decision(10_007, 7.25, metrics: 20), number, into: memory) }
        for poll in 0..<Int64(1_500) {
            for number in 0..<5 { Self.take(Self.decision(poll * 15, 7.25, metrics: 20), number, into: memory) }
        }
        let readings = try #require(memory.past(of: key(3))?.metrics[4]).readings
        #expect(try #require(readings.last).seconds - UInt32(Self.start) == 1_499 * 15)
        for hour in 0..<2 {
            let seconds = (UInt32(Self.start) + UInt32(hour) * 3_600)..<(UInt32(Self.start) + UInt32(hour + 1) * 3_600)
            #expect(readings.count { seconds.contains($0.seconds) } >= 12)
        }
    }

    @Test("the bound grows with the scalers up to one constant")
    func totals() {
        #expect(MemoryLimits.bytes(scalers: 1_000) <= 6 << 20)
        #expect(MemoryLimits.bytes(scalers: 10_000) <= 24 << 20)
        #expect(MemoryLimits.bytes(scalers: 1_000_000) == MemoryLimits.bytes)
    }

    @Test("changes are bounded, and the newest ones are kept")
    func decisions() {
        let memory = ScalerMemory()
        memory.begin(at: Self.at(0))
        for poll in 0..<Int64(6_000) { Self.take(Self.decision(poll, 1), 0, isChange: true, into: memory) }
        let kept = memory.decisions(after: 0, limit: 100_000)
        #expect(kept.last?.number == 6_000)
        #expect(kept.count < 6_000)
        #expect(kept.map(\.bytes).reduce(0, +) <= MemoryLimits.decisionBytes(scalers: 1))
        #expect(memory.decisions(after: 5_998, limit: 10).map(\.number) == [5_999, 6_000])
        #expect(memory.decisions(after: 0, limit: 2).map(\.number) == [5_999, 6_000])
        #expect(memory.decisions(after: 0, of: key(1), limit: 2).isEmpty)
    }

    @Test("a reading without a value is kept as missing, never as 0")
    func missing() throws {
        let memory = ScalerMemory()
        memory.begin(at: Self.at(0))
        Self.take(Self.decision(15, nil), 0, into: memory)
        Self.take(Self.decision(30, 0), 0, into: memory)
        let readings = try #require(memory.past(of: key(0))?.metrics.first).readings
        #expect(readings.map(\.value.isNaN) == [true, false])
        let answers = APIAnswers(memory: memory, time: .system, identity: "operator-1")
        let json = try JSON(parsing: #require(answers.scaler(key(0))))
        #expect(json["metrics"]?[0]?["readings"]?[0]?[1] == .null)
        #expect(json["metrics"]?[0]?["readings"]?[1]?[1] == 0)
    }

    @Test("only polls since a number are reported as changed")
    func changes() {
        let memory = ScalerMemory()
        memory.begin(at: Self.at(0))
        for number in 0..<3 { Self.take(Self.decision(15, 1), number, into: memory) }
        let all = memory.changes(after: 0)
        #expect(all.entries.count == 3)
        #expect(memory.changes(after: all.number).entries.isEmpty)
        Self.take(Self.decision(30, 1), 1, into: memory)
        #expect(memory.changes(after: all.number).entries.map(\.identity) == [Self.identity(1)])
        memory.forget(key(1))
        let rest = memory.changes(after: all.number)
        #expect(rest.entries.isEmpty)
        #expect(rest.scalers == 2)
        #expect(rest.number > all.number)
    }

    @Test("a standby remembers nothing, and numbers do not restart with a new term")
    func terms() {
        let memory = ScalerMemory()
        Self.take(Self.decision(15, 1), 0, isChange: true, into: memory)
        #expect(memory.changes(after: 0).since == nil)
        #expect(memory.past(of: key(0)) == nil)
        memory.begin(at: Self.at(20))
        Self.take(Self.decision(30, 1), 0, isChange: true, into: memory)
        let first = memory.changes(after: 0)
        #expect(first.since == Self.at(20))
        memory.end()
        #expect(memory.changes(after: 0).since == nil)
        #expect(memory.decisions(after: 0, limit: 10).isEmpty)
        #expect(memory.bytes == 0)
        memory.begin(at: Self.at(60))
        Self.take(Self.decision(75, 1), 0, isChange: true, into: memory)
        #expect(memory.changes(after: first.number).entries.count == 1)
        #expect(memory.decisions(after: 1, limit: 10).map(\.number) == [2])
    }

    @Test("an object that replaces another of its name does not inherit its readings")
    func replaced() throws {
        let memory = ScalerMemory()
        memory.begin(at: Self.at(0))
        Self.take(Self.decision(15, 1), 0, into: memory)
        let other = ObjectIdentity(namespace: "shop", name: "web-0", uid: "other")
        let decision = Self.decision(30, 2)
        memory.take(
            .decided(decision, obstacle: nil), isChange: false, of: other, spec: nil, generation: 1,
            status: ScalerStatus(decision: decision), at: decision.time)
        #expect(try #require(memory.past(of: key(0))?.metrics.first).readings.map(\.value) == [2])
    }
}
