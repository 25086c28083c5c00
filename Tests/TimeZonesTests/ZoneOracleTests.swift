import FoundationEssentials
import Subprocess
import SystemPackage
import Testing
import TimeZones

@testable import Scaling

/// The results of Python's `zoneinfo` for the same files.
private struct Oracle {
    var changes: [(zone: String, instant: Int64, before: Int64, after: Int64)] = []
    var locals: [(zone: String, minute: Int, instant: Int64)] = []
    var windows: [(zone: String, minute: Int, start: Int64, end: Int64)] = []

    init(_ years: ClosedRange<Int>, _ zones: [String]) async throws {
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Support/zone_oracle.py").path
        let result = try await run(
            .name("python3"), arguments: Arguments([script, "\(years.lowerBound)", "\(years.upperBound)"] + zones),
            output: .string(limit: 64 << 20), error: .string(limit: 1 << 16))
        try #require(result.terminationStatus.isSuccess, "\(result.standardError)")
        for line in result.standardOutput.split(separator: "\n") {
            let words = line.split(separator: " ")
            let numbers = words.dropFirst(2).compactMap { Int64($0) }
            switch words[0] {
            case "change": changes.append((String(words[1]), numbers[0], numbers[1], numbers[2]))
            case "local": locals.append((String(words[1]), Int(numbers[0]), numbers[1]))
            default: windows.append((String(words[1]), Int(numbers[0]), numbers[1], numbers[2]))
            }
        }
    }
}

@Suite("The system's time zones", .timeLimit(.minutes(5)))
struct ZoneOracleTests {
    static let names = [
        "Africa/Cairo", "Africa/Casablanca", "Africa/Johannesburg", "America/Anchorage", "America/Asuncion",
        "America/Chicago", "America/Halifax", "America/Havana", "America/Los_Angeles", "America/New_York",
        "America/Nuuk", "America/Santiago", "America/Sao_Paulo", "America/St_Johns", "Antarctica/Troll",
        "Asia/Beirut", "Asia/Gaza", "Asia/Jerusalem", "Asia/Kolkata", "Asia/Tokyo", "Atlantic/Azores",
        "Australia/Lord_Howe", "Australia/Sydney", "Europe/Berlin", "Europe/Chisinau", "Europe/Dublin",
        "Europe/London", "Europe/Lisbon", "Pacific/Auckland", "Pacific/Chatham", "Pacific/Easter", "Pacific/Norfolk",
    ]

    @Test(
        "offsets change as in Python's zoneinfo, in the years of the files and in those of the rule after them",
        arguments: [2024...2031, 2036...2041])
    func changes(years: ClosedRange<Int>) async throws {
        let oracle = try await Oracle(years, Self.names)
        try #require(oracle.changes.count > 200)
        for change in oracle.changes {
            let zone = try TimeZoneDirectory.system.zone(change.zone)
            let (before, after) = (zone.span(at: change.instant - 1), zone.span(at: change.instant))
            #expect(before.offset == change.before && before.end == change.instant, "\(change)")
            #expect(after.offset == change.after && after.start == change.instant, "\(change)")
        }
        for (change, next) in zip(oracle.changes, oracle.changes.dropFirst()) where change.zone == next.zone {
            let zone = try TimeZoneDirectory.system.zone(change.zone)
            #expect(zone.span(at: (change.instant + next.instant) / 2).end == next.instant, "\(change) \(next)")
        }
    }

    @Test("each local minute near a change is the same instant as in Python's zoneinfo")
    func localMinutes() async throws {
        let oracle = try await Oracle(2024...2031, Self.names)
        try #require(oracle.locals.count > 10_000)
        for local in oracle.locals {
            let zone = try TimeZoneDirectory.system.zone(local.zone)
            let minute = LocalMinute(minutesSince1970: local.minute)
            guard zone.instant(of: minute) == local.instant else {
                Issue.record("\(local): \(zone.instant(of: minute))")
                return
            }
            // The two functions are inverse to each other: later minutes are later instants.
            let latest = zone.latestMinute(by: local.instant)
            #expect(zone.instant(of: latest) <= local.instant, "\(local)")
            let next = LocalMinute(minutesSince1970: latest.minutesSince1970 + 1)
            #expect(zone.instant(of: next) > local.instant, "\(local)")
        }
    }

    @Test("schedule windows near a change begin and end as in Python's zoneinfo")
    func windows() async throws {
        let oracle = try await Oracle(2024...2031, Self.names)
        for window in oracle.windows {
            let start = LocalMinute(minutesSince1970: window.minute)
            let end = LocalMinute(minutesSince1970: window.minute + 45)
            let schedule = Schedule(
                name: "near", start: try Self.cron(start), end: .at(try Self.cron(end)),
                zone: try TimeZoneDirectory.system.zone(window.zone))
            let before = Timestamp(secondsSince1970: window.start - 1)
            // Nothing is active for no time: such a window is skipped until the next year.
            guard window.end > window.start else {
                #expect(schedule.window(at: Timestamp(secondsSince1970: window.start)) == nil, "\(window)")
                continue
            }
            let expected = Schedule.Window(
                start: Timestamp(secondsSince1970: window.start), end: Timestamp(secondsSince1970: window.end))
            guard schedule.window(at: before) == nil, schedule.nextStart(after: before) == expected.start,
                schedule.window(at: expected.start) == expected,
                schedule.window(at: Timestamp(secondsSince1970: window.end - 1)) == expected,
                schedule.window(at: expected.end) == nil
            else {
                Issue.record("\(window)")
                return
            }
        }
    }

    /// Once a year.
    private static func cron(_ minute: LocalMinute) throws -> CronExpression {
        let (_, month, day) = minute.date.parts
        return try CronExpression("\(minute.minuteOfDay % 60) \(minute.minuteOfDay / 60) \(day) \(month) *")
    }
}
