import ScalerAPI
import Scaling
import Testing
import TimeZones
import WireFormats

@Suite("spec.schedules")
struct ScheduleParserTests {
    private static func spec(_ schedules: JSON, zones: TimeZoneDirectory = .system) -> Result<
        GeneralScalerSpec, InvalidSpec
    > {
        GeneralScalerSpec.parse(
            [
                "targetDeployment": "app", "minReplicas": 1, "maxReplicas": 20,
                "metrics": [["type": "prometheus", "targetValue": 1], ["type": "prometheus", "targetValue": 2]],
                "schedules": schedules,
            ], unknownFields: .refused, zones: zones)
    }

    private static func problems(_ schedules: JSON, zones: TimeZoneDirectory = .system) -> [String] {
        guard case .failure(let invalid) = spec(schedules, zones: zones) else { return [] }
        return invalid.problems.map(\.description)
    }

    private static func schedule(_ changes: [String: JSON]) -> JSON {
        let example: [String: JSON] = [
            "name": "day", "start": "0 8 * * 1-5", "end": "0 18 * * 1-5", "timeZone": "America/New_York",
            "minReplicas": 10,
        ]
        return .object(example.merging(changes) { $1 }.filter { !$0.value.isNull })
    }

    @Test("a schedule is read with its zone and every field")
    func everything() throws {
        let spec = try Self.spec([
            Self.schedule([
                "end": nil, "duration": "1h30m15s", "exceptDates": ["2026-12-25"], "maxReplicas": 12,
                "targets": ["prometheus": 0.5, "prometheus-2": 7],
            ])
        ]).get()
        let schedule = try #require(spec.schedules.first)
        #expect(schedule.end == .after(.seconds(5_415)))
        #expect(schedule.zone.name == "America/New_York")
        #expect(schedule.exceptDates.map(\.description) == ["2026-12-25"])
        #expect(schedule.targets == ["prometheus": 0.5, "prometheus-2": 7])
        #expect((schedule.minReplicas, schedule.maxReplicas) == (10, 12))
        #expect(try Self.spec(.null).get().schedules.isEmpty)
        let utc = try Self.spec([Self.schedule(["timeZone": nil])]).get()
        #expect(utc.schedules[0].zone.name == "UTC")
    }

    @Test(
        "an invalid schedule is rejected with the field, the cause and the fix",
        arguments: [
            (["start": "0 8 30 2 *"], "spec.schedules[0].start: never occurs"),
            (["end": "0 8 31 4 *"], "spec.schedules[0].end: never occurs"),
            (["end": "0 8 * * 1-5"], "spec.schedules[0].end: is the same as start"),
            (["end": "0 18 * * 5"], "spec.schedules[0].end: is too late"),
            (["end": nil, "duration": "25h"], "spec.schedules[0].duration: is too long"),
            (["start": "@daily"], "spec.schedules[0].start: \"@daily\" is a macro"),
            (
                ["timeZone": "America/Gotham"],
                "spec.schedules[0].timeZone: \"America/Gotham\" is not a time zone of the IANA"
            ),
            (["timeZone": "right/UTC"], "spec.schedules[0].timeZone: must be the name of a time zone"),
            (["exceptDates": ["2027-02-29"]], "spec.schedules[0].exceptDates[0]: must be a date such as"),
            (
                ["minReplicas": 21],
                "spec.schedules[0].minReplicas: 21 contradicts maxReplicas of the scaler, which is 20"
            ),
            (
                ["minReplicas": nil, "maxReplicas": 1, "targets": ["queue": 1]],
                "\"queue\" is not a metric of this scaler; it has prometheus, prometheus-2"
            ),
            (["minReplicas": 6, "maxReplicas": 5], "6 contradicts maxReplicas of this schedule, which is 5"),
            (["minReplicas": nil], "spec.schedules[0]: sets nothing"),
            (["duration": "1h"], "needs exactly one of end (a cron expression) and duration"),
            (["end": nil, "duration": "59s"], "must be from 60s to 8784h"),
            (["end": nil, "duration": "99999999h"], "must be from 60s to 8784h"),
            (["end": nil, "duration": "30m1h"], "must be a duration in hours"),
            (
                ["end": nil, "duration": "7d"],
                "must be a duration in hours, minutes and seconds, such as 10h, 1h30m or 168h for a week, not \"7d\""
            ),
            (["end": nil, "duration": "1.5h"], "must be a duration in hours"),
            (["end": nil, "duration": "h"], "must be a duration in hours"),
            (["until": "x"], "spec.schedules[0].until: is not a known field"),
        ] as [([String: JSON], String)])
    func refused(changes: [String: JSON], message: String) {
        let problems = Self.problems([Self.schedule(changes)])
        #expect(problems.contains { $0.contains(message) }, "\(problems)")
    }

    @Test("problems of several schedules are reported together")
    func all() {
        let problems = Self.problems([
            Self.schedule(["start": "x"]), Self.schedule(["name": "b", "timeZone": "Nowhere"]),
        ])
        #expect(problems.map { $0.prefix { $0 != ":" } } == ["spec.schedules[0].start", "spec.schedules[1].timeZone"])
    }

    @Test("zones other than UTC are rejected without time zone data")
    func withoutData() {
        let none = TimeZoneDirectory("/nonexistent")
        #expect(Self.problems([Self.schedule(["timeZone": "UTC"])], zones: none).isEmpty)
        #expect(Self.problems([Self.schedule([:])], zones: none).first?.contains("install the package tzdata") == true)
    }

    @Test("two schedules are rejected if they contradict each other while both are active, and only then")
    func contradictions() {
        let night = Self.schedule([
            "name": "night", "start": "0 22 * * *", "end": "0 6 * * *", "minReplicas": nil, "maxReplicas": 3,
        ])
        #expect(Self.problems([Self.schedule([:]), night]).isEmpty)
        let late = Self.schedule([
            "name": "late", "start": "30 17 * * 5", "end": "0 6 * * *", "minReplicas": nil, "maxReplicas": 3,
        ])
        let problems = Self.problems([Self.schedule([:]), late])
        #expect(
            problems == [
                "spec.schedules: contradict each other at 2026-01-02T22:30:00Z: minReplicas is 10 by schedule day, and "
                    + "maxReplicas is 3 by schedule late"
            ])
        // The first active one counts, which has its own bounds.
        let both = Self.schedule(["name": "both", "minReplicas": 2, "maxReplicas": 4])
        #expect(Self.problems([both, Self.schedule([:]), late]).isEmpty)
    }

    @Test("a schedule of one day in the year is compared with the others on this day", arguments: ["3", "12"])
    func rareContradiction(month: String) {
        let holiday = Self.schedule([
            "name": "holiday", "start": .string("0 0 25 \(month) *"), "end": nil, "duration": "24h", "minReplicas": nil,
            "maxReplicas": 3,
        ])
        let problems = Self.problems([holiday, Self.schedule([:])])
        #expect(problems.count == 1)
        #expect(problems.first?.contains("contradict each other at 20") == true)
    }

    @Test("a decision of the decide command names the active schedule")
    func decide() throws {
        let request = try DecisionRequest(
            [
                "spec": [
                    "targetDeployment": "app", "minReplicas": 1, "maxReplicas": 20,
                    "metrics": [["type": "prometheus", "targetValue": 100]], "schedules": [Self.schedule([:])],
                ],
                "now": "2026-07-06T12:00:00.000001Z", "replicas": ["current": 4],
                "readings": [["name": "prometheus", "value": 100]],
            ], zones: TimeZoneDirectory.system)
        let answer = DecisionEngine.decide(request.input).json(of: request.input)
        #expect(answer["desired"] == 10)
        #expect(answer["limitedBy"] == ["BoundsJump", "Schedule"])
        #expect(
            answer["reason"]?.stringValue?.contains("minReplicas is 10 until 18:00 America/New_York, by schedule day")
                == true)
        #expect(
            answer["schedules"] == [
                [
                    "schedule": "day", "field": "minReplicas", "value": 10, "until": "2026-07-06T22:00:00.000Z",
                    "timeZone": "America/New_York",
                ]
            ])
    }

    private static func explanation(_ schedule: JSON) throws -> String {
        let object: JSON = [
            "metadata": ["namespace": "shop", "name": "http", "uid": "u1", "resourceVersion": "7"],
            "spec": [
                "targetDeployment": "app", "minReplicas": 2, "maxReplicas": 20,
                "metrics": [["type": "prometheus", "targetValue": 100]], "schedules": [schedule],
            ],
            "status": [
                "reason": "Keep 10.", "lastDecisionTime": "2026-07-06T13:00:00Z", "currentReplicas": 10,
                "readyReplicas": 10,
                "metrics": [["name": "prometheus", "value": 100, "target": 100, "targetType": "Value"]],
            ],
        ]
        // 2026-07-06T13:00:00Z, a Monday
        return try Explanation(
            object: object, events: [], now: Timestamp(microsecondsSince1970: 1_783_342_800_000_000),
            zones: TimeZoneDirectory.system
        ).text
    }

    @Test("an explanation does not say that a window that begins again at its end makes room for another schedule")
    func beginsAgain() throws {
        let text = try Self.explanation(
            ["name": "all-day", "start": "0 0 * * *", "duration": "24h", "timeZone": "Asia/Kolkata", "minReplicas": 7])
        #expect(text.contains("all-day ends and begins again, which changes nothing."), "\(text)")
    }

    @Test("an explanation shows the fields that schedules set now and their next two edges")
    func explained() throws {
        let text = try Self.explanation(Self.schedule([:]))
        #expect(
            text.contains(
                """
                Schedules:
                  minReplicas is 10 until 18:00 America/New_York, by schedule day.
                  At 2026-07-06T22:00:00Z (2026-07-06 18:00 America/New_York), in 9h, day ends, and then minReplicas is 2.
                  At 2026-07-07T12:00:00Z (2026-07-07 08:00 America/New_York), in 23h, day begins, and then minReplicas is 10.

                """), "\(text)")
        #expect(text.contains("No scale-down: minReplicas is 10."))
    }
}
