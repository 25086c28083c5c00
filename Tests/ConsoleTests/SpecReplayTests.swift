import Backtest
import ScalerAPI
import Scaling
import Testing
import WireFormats

@testable import Console

@Suite("The replay of a changed spec")
struct SpecReplayTests {
    static let interval = 15
    static let start = 1_767_225_603
    static let spec: JSON = [
        "targetDeployment": "web", "minReplicas": 2, "maxReplicas": 20,
        "metrics": [["type": "prometheus", "name": "load", "targetValue": 100, "targetType": "AverageValue"]],
        "safety": ["cooldownSeconds": 300],
    ]

    /// What the operator's API answers: a load that rises and falls every hour, with a missing value now and then.
    static func memory(polls: Int, coarsePolls: Int = 0) -> JSON {
        var readings: [JSON] = []
        func add(_ seconds: Int) {
            let phase = (seconds - start) / 1_800 % 2
            let value: JSON = readings.count % 97 == 96 ? .null : .number(phase == 0 ? 350.5 : 990.25)
            readings.append([.integer(Int64(seconds)), value, 4, 4])
        }
        for index in 0..<coarsePolls { add(start + index * 300) }
        for index in 0..<polls { add(start + coarsePolls * 300 + index * interval) }
        return [
            "scaler": ["intervalSeconds": .integer(Int64(interval))], "spec": spec,
            "metrics": [["name": "load", "coarseSeconds": 300, "readings": .array(readings)]],
        ]
    }

    static func changed(_ path: String, _ value: JSON) throws -> SpecDraft {
        try SpecDraft(try #require(WhatIf.set(value, in: spec, path.split(separator: ".")[...])))
    }

    private func compare(
        _ changed: SpecDraft, _ memory: JSON = memory(polls: 480), seconds: Int = 3_600
    ) async throws -> JSON {
        try await SpecReplay(
            present: try SpecDraft(Self.spec), changed: changed,
            readings: ReplayReadings(memory: memory, seconds: seconds),
            seconds: seconds
        ).run().json
    }

    @Test("a spec replayed beside itself has no differences and no patch")
    func same() async throws {
        let json = try await compare(try SpecDraft(Self.spec))
        #expect(json["differenceCount"] == 0)
        #expect(json["patch"] == [])
        #expect(json["present"]?["summary"] == json["changed"]?["summary"])
        #expect(json["source"] == "memory")
        #expect(json["resolutionSeconds"]?.intValue == 15)
        #expect(json["recorded"]?[0]?[1] == 4)
    }

    @Test("a higher target costs fewer replica-hours, and each difference has both sentences")
    func target() async throws {
        let json = try await compare(try Self.changed("metrics.0.targetValue", 200))
        let hours = ["present", "changed"].compactMap { json[$0]?["summary"]?["replicaHours"]?.doubleValue }
        try #require(hours.count == 2)
        #expect(hours[1] < hours[0])
        let difference = try #require(json["differences"]?[0])
        for side in ["present", "changed"] {
            #expect(difference[side]?["reason"]?.stringValue?.contains("load") == true)
        }
        #expect(difference["present"]?["replicas"] != difference["changed"]?["replicas"])
        #expect(json["differingSeconds"]?.doubleValue ?? 0 > 60)
        // The capacity of a replica stays that of the present spec: a higher target does not make it faster.
        #expect(
            json["changed"]?["summary"]?["secondsOutOfSLO"]?.doubleValue ?? 0
                > json["present"]?["summary"]?["secondsOutOfSLO"]?.doubleValue ?? .infinity)
    }

    @Test("a paused scaler and a dry run are replayed as if they scaled, and the answer says so")
    func paused() async throws {
        for (field, value) in [("paused", true), ("mode", "DryRun")] as [(String, JSON)] {
            let draft = try Self.changed(field, value)
            let replay = try SpecReplay(
                present: draft, changed: draft,
                readings: ReplayReadings(memory: Self.memory(polls: 480), seconds: 3_600),
                seconds: 3_600)
            #expect(replay.notes.contains { $0.contains("as Active") })
            let summary = try await replay.run().json["changed"]?["summary"]
            #expect(summary?["scalingEvents"]?.intValue ?? 0 > 0)
        }
    }

    @Test("a replay of a short memory says since when it is, and one of older readings that it is coarser")
    func coverage() async throws {
        let notes = { (json: JSON) in (json["notes"]?.arrayValue ?? []).compactMap(\.stringValue).joined() }
        let short = try await compare(try SpecDraft(Self.spec), Self.memory(polls: 20))
        #expect(notes(short).contains("begin at 2026-01-01T00:00:03Z: the replay is shorter than asked for"))
        let coarse = try await compare(
            try SpecDraft(Self.spec), Self.memory(polls: 240, coarsePolls: 40), seconds: 7_200)
        #expect(notes(coarse).contains("Before 2026-01-01T03:20:03Z"))
        #expect(coarse["resolutionSeconds"]?.intValue == 300)
        let fine = try await compare(try SpecDraft(Self.spec), Self.memory(polls: 480, coarsePolls: 40))
        #expect(notes(fine) == "")
        #expect(fine["resolutionSeconds"]?.intValue == 15)
    }

    @Test("a formula that changes cannot be replayed from values of the former one")
    func formula() throws {
        var spec = Self.spec.objectValue ?? [:]
        func draft(_ formula: String) throws -> SpecDraft {
            spec["metrics"] = [
                ["type": "prometheus", "name": "queue"],
                ["name": "load", "formula": .string(formula), "targetValue": 100, "targetType": "AverageValue"],
            ]
            return try SpecDraft(.object(spec))
        }
        let readings = try ReplayReadings(memory: Self.memory(polls: 480), seconds: 3_600)
        _ = try SpecReplay(present: draft("queue + 1"), changed: draft("queue + 1"), readings: readings, seconds: 3_600)
        let problem = #expect(throws: WhatIfProblem.self) {
            try SpecReplay(present: draft("queue + 1"), changed: draft("queue + 2"), readings: readings, seconds: 3_600)
        }
        #expect(problem?.message.contains("formula of load") == true)
    }

    @Test("a metric without recorded values and one of an unknown type are named")
    func unknown() throws {
        let readings = try ReplayReadings(memory: Self.memory(polls: 480), seconds: 3_600)
        let metric: JSON = ["type": "own", "name": "load", "targetValue": 1]
        let draft = try Self.changed("metrics.0", metric)
        let incomplete = #expect(throws: WhatIfProblem.self) {
            try SpecReplay(present: draft, changed: draft, readings: readings, seconds: 60)
        }
        #expect(incomplete?.places.map(\.path) == ["spec.metrics[0].targetType"])
        _ = try SpecReplay(
            present: draft, changed: draft, targetTypes: ["load": .averageValue], readings: readings, seconds: 60)
        #expect(throws: WhatIfProblem.self) { try ReplayReadings(memory: Self.memory(polls: 1), seconds: 3_600) }
        #expect(throws: WhatIfProblem.self) { try ReplayReadings(memory: [:], seconds: 3_600) }
    }

    @Test("a trace of values per replica, without the replicas, is replayed with a note, and a history is not")
    func totals() throws {
        let samples = (0..<100).map {
            Trace.Sample(time: Timestamp(microsecondsSince1970: Int64($0) * 30_000_000), cells: [.value(50)])
        }
        let trace = try Trace(metrics: ["load"], samples: samples)
        let draft = try Self.changed("metrics.0.targetType", "Value")
        let replay = try SpecReplay(
            present: draft, changed: draft, readings: ReplayReadings(origin: .trace, trace: trace), seconds: 3_600)
        #expect(replay.notes.contains { $0.contains("totals") })
        #expect(replay.notes.contains { $0.contains("30s apart") })
        #expect(throws: WhatIfProblem.self) {
            try SpecReplay(
                present: draft, changed: draft, readings: ReplayReadings(origin: .range, trace: trace), seconds: 3_600)
        }
        var workload = Workload()
        workload.recordedReplicas = 3
        _ = try SpecReplay(
            present: draft, changed: draft, readings: ReplayReadings(origin: .range, trace: trace), seconds: 3_600,
            workload: workload)
    }

    @Test("the next day has the bounds of the schedules, and the load by the pattern of the days before")
    func nextDay() async throws {
        let step = 60
        let samples = (0..<(3 * 1_440)).map { minute in
            Trace.Sample(
                time: Timestamp(microsecondsSince1970: Int64(Self.start + minute * step) * 1_000_000),
                cells: [.value(minute / 720 % 2 == 0 ? 200 : 1_200)], replicas: 4)
        }
        let readings = ReplayReadings(origin: .trace, trace: try Trace(metrics: ["load"], samples: samples))
        var spec = Self.spec.objectValue ?? [:]
        spec["forecast"] = ["mode": "Report"]
        spec["schedules"] = [["name": "day", "start": "0 8 * * *", "duration": "10h", "minReplicas": 5]]
        let json = try await SpecReplay(
            present: try SpecDraft(Self.spec), changed: try SpecDraft(.object(spec)), readings: readings, seconds: 3_600
        ).run().json["nextDay"]
        let bounds = (json?["changed"]?.arrayValue ?? []).map { [$0[1], $0[3]] }
        #expect(bounds == [[2, ""], [5, "day"], [2, ""]])
        #expect(json?["present"]?.arrayValue?.count == 1)
        let loads = (json?["forecasts"]?[0]?["values"]?.arrayValue ?? []).compactMap { $0[1]?.doubleValue }
        #expect(loads.count == 288)
        #expect(abs((loads.first ?? 0) - 200) < 20)
        #expect(abs((loads.last ?? 0) - 1_200) < 60)
        #expect(json?["changedReplicas"]?.arrayValue?.count ?? 0 > 1)
    }

    @Test("a replay ends when its reader leaves")
    func cancelled() async throws {
        let replay = try SpecReplay(
            present: try SpecDraft(Self.spec), changed: try SpecDraft(Self.spec),
            readings: ReplayReadings(memory: Self.memory(polls: 4_000), seconds: 60_000), seconds: 60_000)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await replay.run()
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
