import Scaling
import Testing
import WireFormats

@testable import Backtest

// One search at a time: its runs would delay other tests.
@Suite("A search for better settings", .serialized)
struct TuneTests {
    private static let base: JSON = [
        "maxReplicas": 60, "metrics": [["name": "requests", "targetValue": 100]], "safety": [:],
    ]

    /// Three days, each with a low night and a peak that rises within an hour, and a burst every 35 minutes.
    private static func load() throws -> Trace {
        try trace(
            (0..<864).map { index in
                let minute = (index * 5 + 3) % 1_440
                let rise = Double(min(max(minute - 533, 0), 61)) - Double(min(max(minute - 1_019, 0), 47)) * 61 / 47
                return 211 + 57 * rise + Double(index % 7 == 0 ? 403 : index * 7_919 % 97)
            }, every: 300)
    }

    private static func spec(_ json: JSON) -> ScalingSpec? {
        guard let target = json["metrics"]?[0]?["targetValue"]?.doubleValue else { return nil }
        var spec = ScalingSpec.requests(.averageValue, max: 60, safety: SafetyLimits())
        spec.pollingInterval = .seconds(300)
        spec.metrics[0].target = target
        let safety = json["safety"]
        if let window = safety?["scaleDownStabilizationSeconds"]?.doubleValue {
            spec.safety.scaleDownStabilization = .seconds(window)
        }
        if let cooldown = safety?["scaleUpCooldownSeconds"]?.doubleValue {
            spec.safety.scaleUpCooldown = .seconds(cooldown)
        }
        return spec
    }

    private static func search(schedules: [JSON] = []) throws -> TuneSearch {
        let own = try #require(spec(base))
        let reference = try Backtest(
            spec: own, trace: load(), workload: Workload(startupDelay: .seconds(300)))
        return try TuneSearch(TuneSpace(base: base, spec: own, schedules: schedules), reference: reference) { spec($0) }
    }

    private static let found = Task { try await search().run(elapsed: { 0 }, onProgress: { _ in }) }

    @Test("the search finds settings that no others beat, including some that change more than the target")
    func front() async throws {
        let result = try await Self.found.value
        #expect(!result.front.isEmpty)
        #expect(!result.front.contains { $0.learned == result.own.learned })
        for (cheap, dear) in zip(result.front, result.front.dropFirst()) {
            #expect(cheap.learned.replicaHours < dear.learned.replicaHours)
            #expect(cheap.learned.timeOutOfSLO > dear.learned.timeOutOfSLO)
        }
        #expect(result.front.contains { $0.choice.dropFirst() != result.own.choice.dropFirst() })
    }

    @Test("the search evaluates settings on the last 30% of the trace, which it does not search")
    func heldBack() async throws {
        let result = try await Self.found.value
        let held = try #require(result.own.heldBack)
        #expect(result.split == start + .seconds(863 * 300) * 0.7)
        // Polls at 0, 60, … up to the last sample before the split, and from the split to the end of the trace.
        #expect(result.own.learned.polls == 605)
        #expect(held.polls == 259)
        #expect(result.front.allSatisfy { $0.heldBack != nil })
    }

    @Test("the search keeps the capacity of a replica when it changes the target")
    func capacity() async throws {
        let result = try await Self.found.value
        #expect(result.targetsAlone.count == 16)
        #expect(result.targetsAlone.allSatisfy { $0.learned.capacities == result.own.learned.capacities })
    }

    @Test("the search stops at its time limit, and the result says so")
    func bounded() async throws {
        let result = try await Self.search().run(elapsed: { 1 }, onProgress: { _ in })
        #expect(result.runs == 1 && result.isBounded && result.front.isEmpty)
    }

    @Test("the search tries schedules and a forecast first, since a long trace leaves few runs")
    func switchesFirst() throws {
        let space = TuneSpace(
            base: Self.base, spec: try #require(Self.spec(Self.base)), schedules: [["name": "early"], ["name": "late"]])
        let changes = space.switches.map { space.changes($0) }
        #expect(changes.map { $0.map(\.path) } == [["schedules"], ["schedules"], ["forecast.mode"]])
    }

    @Test("the search skips settings that the parser refuses")
    func invalid() async throws {
        let result = try await Self.search(schedules: [["name": "s"]]).run(elapsed: { 0 }, onProgress: { _ in })
        let refused = try TuneSearch(
            TuneSpace(base: Self.base, spec: #require(Self.spec(Self.base)), schedules: []),
            reference: Backtest(spec: #require(Self.spec(Self.base)), trace: Self.load())
        ) { json in json == Self.base ? Self.spec(json) : nil }
        #expect(result.runs > 1)
        #expect(try await refused.run(elapsed: { 0 }, onProgress: { _ in }).front.isEmpty)
    }

    @Test("the search changes only the fields that it names, with targets of three digits")
    func changes() throws {
        var spec = try #require(Self.spec(Self.base))
        spec.safety.scaleDownStabilization = .seconds(17)
        let base: JSON = [
            "maxReplicas": 60,
            "metrics": [
                ["name": "requests", "targetValue": 0.012345], ["name": "errors", "targetValue": 1],
                ["name": "backlog"], ["name": "errors1h"],
            ],
            "policy": ["config": ["objective": ["metric": "errors", "longMetric": "errors1h", "percent": 99.9]]],
        ]
        spec.policy = SLOPolicy(objective: ErrorBudget(metric: "errors", longMetric: "errors1h", percent: 99.9))
        let space = TuneSpace(base: base, spec: spec, schedules: [])
        #expect(space.spec(space.axes.map(\.own)) == base)
        var choice = space.axes.map(\.own)
        choice[0] = 0
        #expect(space.changes(choice) == [SpecChange(path: "metrics[0].targetValue", value: 0.00494)])
        #expect(space.axes[1].options[space.axes[1].own].label == "17")
    }

    @Test(
        "the search switches a forecast on, or one that is active off",
        arguments: [(nil, "Off", "Active"), ("Report", "Report", "Active"), ("Active", "Active", "Off")])
    func forecast(mode: String?, own: String, other: String) throws {
        var base = try #require(Self.base.objectValue)
        base["forecast"] = mode.map { ["mode": .string($0), "quantile": 0.97] }
        let space = TuneSpace(base: .object(base), spec: try #require(Self.spec(Self.base)), schedules: [])
        let axis = try #require(space.axes.last)
        #expect(axis.options.map(\.label) == [own, other])
        var choice = space.axes.map(\.own)
        choice[choice.count - 1] = 1
        let changed = try #require(space.spec(choice)?["forecast"])
        #expect(changed["mode"]?.stringValue == other)
        #expect(changed["quantile"] == (mode == nil ? nil : 0.97))
    }
}

@Suite("The day shape")
struct DayShapeTests {
    /// Six hours east of UTC, as `Asia/Almaty` was until 2024.
    private struct East: TimeZoneOffsets {
        let name = "Asia/Almaty"
        func span(at instant: Int64) -> OffsetSpan { OffsetSpan(start: nil, end: nil, offset: 6 * 3_600) }
    }

    /// Two weeks from Monday, midnight UTC.
    private static func shape(_ replicas: (_ weekday: Int, _ minute: Int) -> Double) -> DayShape {
        var shape = DayShape(zone: East())
        for minute in stride(from: 7, to: 14 * 1_440, by: 13) {
            let local = minute + 360
            shape.add(
                replicas((local / 1_440 + 1) % 7, local % 1_440), at: start + .seconds(minute * 60))
        }
        return shape
    }

    @Test("the day shape gives a schedule for the zone's busy hours that starts one start-up time earlier")
    func busyHours() {
        let shape = Self.shape { weekday, minute in
            (1...5).contains(weekday) && (540..<1_050).contains(minute) ? 8.3 : 1.2
        }
        let schedules = shape.schedules(leadTime: .seconds(285), bounds: 1...7)
        let weekday: JSON = [
            "name": "weekday-peak-90", "start": "55 8 * * 1-5", "duration": "8h35m", "timeZone": "Asia/Almaty",
            "minReplicas": 7,
        ]
        #expect(schedules.contains(weekday))
    }

    @Test("the day shape's windows continue past midnight, and one in the early morning begins at midnight")
    func midnight() {
        let late = Self.shape { _, minute in minute >= 1_380 || minute < 60 ? 5 : 1 }
            .schedules(leadTime: .seconds(60), bounds: 1...20)
        #expect(late.first?["start"] == "59 22 * * *")
        #expect(late.first?["duration"] == "2h1m")
        let early = Self.shape { _, minute in minute < 90 ? 5 : 1 }.schedules(leadTime: .seconds(600), bounds: 1...20)
        #expect(early.first?["start"] == "0 0 * * *")
        #expect(early.first?["duration"] == "1h30m")
    }

    @Test("the day shape gives no schedule for a flat or small load, or for a trace of two days")
    func none() {
        #expect(Self.shape { _, _ in 4 }.schedules(leadTime: .zero, bounds: 1...20).isEmpty)
        let small = Self.shape { _, minute in minute < 720 ? 3 : 0 }
        #expect(small.schedules(leadTime: .zero, bounds: 3...20).isEmpty)
        var short = DayShape(zone: East())
        for hour in 0..<40 { short.add(hour % 24 < 8 ? 9 : 1, at: start + .seconds(hour * 3_600)) }
        #expect(short.schedules(leadTime: .zero, bounds: 1...20).isEmpty)
    }
}
