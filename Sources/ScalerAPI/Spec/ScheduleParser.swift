import Scaling
import WireFormats

/// Reads `spec.schedules`. Collects every problem instead of stopping at the first.
struct ScheduleParser {
    /// What the rest of the spec says; nil for a part that could not be read, against which nothing is checked.
    struct Spec {
        let bounds: ClosedRange<Int>?
        let metricNames: [String]?
        /// Whether a target may be 0. No metric has such a target; the limit of a budget may be 0.
        var allowsZero = false
    }

    let zones: any TimeZoneProvider
    let spec: Spec
    private(set) var problems: [JSONPathError] = []

    static let fields = [
        "name", "start", "end", "duration", "timeZone", "exceptDates", "minReplicas", "maxReplicas", "targets",
    ]

    init(zones: any TimeZoneProvider, spec: Spec) {
        self.zones = zones
        self.spec = spec
    }

    /// Empty if there are none; nil if one is invalid.
    mutating func schedules(_ list: JSONReader?) -> [Schedule]? {
        guard let list else { return [] }
        do throws(JSONPathError) {
            let entries = try list.elements()
            guard entries.count <= GeneralScalerSpec.Limits.schedules else {
                throw list.error(
                    "must have at most \(GeneralScalerSpec.Limits.schedules) entries, not \(entries.count)")
            }
            var schedules: [Schedule] = []
            for entry in entries {
                guard let schedule = schedule(entry) else { continue }
                if schedules.contains(where: { $0.name == schedule.name }) {
                    note(entry, "name", "\"\(schedule.name)\" is the name of another schedule of this scaler")
                }
                schedules.append(schedule)
            }
            guard problems.isEmpty else { return nil }
            noteContradictions(schedules, list)
            return problems.isEmpty ? schedules : nil
        } catch {
            problems.append(error)
            return nil
        }
    }

    private mutating func note(_ entry: JSONReader, _ field: String, _ message: String) {
        problems.append(JSONPathError(path: "\(entry.path).\(field)", message: message))
    }

    private mutating func schedule(_ entry: JSONReader) -> Schedule? {
        do throws(JSONPathError) {
            let schedule = try read(entry)
            checkTimes(schedule, entry)
            checkValues(schedule, entry)
            return schedule
        } catch {
            problems.append(error)
            return nil
        }
    }

    private func read(_ entry: JSONReader) throws(JSONPathError) -> Schedule {
        let name = try entry.required("name").name(.metricName)
        let start = try entry.required("start").cron()
        return Schedule(
            name: name, start: start, end: try end(entry),
            zone: try zone(entry.optional("timeZone")),
            exceptDates: try dates(entry.optional("exceptDates")),
            minReplicas: try entry.optional("minReplicas")?.int(in: GeneralScalerSpec.Limits.replicas),
            maxReplicas: try entry.optional("maxReplicas")?.int(in: 1...Int(Int32.max)),
            targets: try targets(entry.optional("targets")))
    }

    private func end(_ entry: JSONReader) throws(JSONPathError) -> Schedule.End {
        switch (try entry.optional("end"), try entry.optional("duration")) {
        case (let end?, nil): return .at(try end.cron())
        case (nil, let duration?): return .after(try duration.scheduleDuration())
        default: throw entry.error("needs exactly one of end (a cron expression) and duration (such as 10h or 1h30m)")
        }
    }

    private func zone(_ name: JSONReader?) throws(JSONPathError) -> any TimeZoneOffsets {
        guard let name else { return UniversalTime() }
        let text = try name.nonEmptyString()
        do throws(TimeZoneProblem) {
            return try zones.zone(text)
        } catch {
            throw name.error(error.message)
        }
    }

    private func dates(_ list: JSONReader?) throws(JSONPathError) -> Set<CivilDate> {
        guard let list else { return [] }
        let entries = try list.elements()
        guard entries.count <= GeneralScalerSpec.Limits.exceptDates else {
            throw list.error("must have at most \(GeneralScalerSpec.Limits.exceptDates) entries, not \(entries.count)")
        }
        var dates: Set<CivilDate> = []
        for entry in entries {
            let text = try entry.string()
            guard let date = CivilDate(text) else {
                throw entry.error("must be a date such as 2026-12-25, not \"\(text.prefix(64))\"")
            }
            dates.insert(date)
        }
        return dates
    }

    private func targets(_ targets: JSONReader?) throws(JSONPathError) -> [String: Double] {
        guard let targets else { return [:] }
        let members = try targets.object()
        let limits = GeneralScalerSpec.Limits.metrics
        guard limits.contains(members.count) else {
            throw targets.error(
                "must have \(limits.lowerBound) to \(limits.upperBound) entries, not \(members.count)")
        }
        var values: [String: Double] = [:]
        for metric in members.keys.sorted() {
            let target = try targets.required(metric)
            if let names = spec.metricNames, !names.contains(metric) {
                throw target.error(
                    "\"\(metric.prefix(64))\" is not a metric of this scaler; it has \(names.joined(separator: ", "))")
            }
            let value = try target.double()
            guard value > 0 || spec.allowsZero && value == 0, value.isFinite else {
                throw target.error(spec.allowsZero ? "must be 0 or greater" : "must be greater than 0")
            }
            values[metric] = value
        }
        return values
    }

    // MARK: Rules that cross fields

    private mutating func checkTimes(_ schedule: Schedule, _ entry: JSONReader) {
        let (end, isTooLong) =
            schedule.end.isTime ? ("end", "is too late") : ("duration", "is too long")
        switch schedule.problem {
        case nil: break
        case .neverBegins: note(entry, "start", "never occurs: no date of any year matches it")
        case .neverEnds: note(entry, "end", "never occurs: no date of any year matches it")
        case .startIsEnd:
            note(
                entry, "end",
                "is the same as start, so that the schedule would always be active; for a day, set duration 24h")
        case .longerThanPeriod:
            note(
                entry, end,
                "\(isTooLong): the schedule would still be active when it starts again; end it earlier, or start it "
                    + "less often")
        }
    }

    private mutating func checkValues(_ schedule: Schedule, _ entry: JSONReader) {
        if schedule.minReplicas == nil, schedule.maxReplicas == nil, schedule.targets.isEmpty {
            problems.append(entry.error("sets nothing: set minReplicas, maxReplicas or targets"))
        }
        guard let bounds = spec.bounds else { return }
        let least = schedule.minReplicas ?? bounds.lowerBound
        let most = schedule.maxReplicas ?? bounds.upperBound
        guard least > most else { return }
        let (field, other) =
            schedule.minReplicas == nil ? ("maxReplicas", "minReplicas") : ("minReplicas", "maxReplicas")
        let owner = schedule.minReplicas != nil && schedule.maxReplicas != nil ? "of this schedule" : "of the scaler"
        let (value, otherValue) = schedule.minReplicas == nil ? (most, least) : (least, most)
        note(
            entry, field,
            "\(value) contradicts \(other) \(owner), which is \(otherValue); raise maxReplicas or lower minReplicas")
    }

    /// Looks for a time at which two schedules, each fine alone, contradict each other.
    private mutating func noteContradictions(_ schedules: [Schedule], _ list: JSONReader) {
        let mayContradict = schedules.contains { one in
            schedules.contains { other in one.minReplicas ?? 0 > other.maxReplicas ?? .max }
        }
        guard mayContradict else { return }
        let from = GeneralScalerSpec.Limits.checkedFrom
        if noteContradiction(schedules, after: from, GeneralScalerSpec.Limits.checkedEdges, list) { return }
        // The windows of a rare schedule, such as one of a holiday, may come after all those edges.
        for schedule in schedules where schedule.minReplicas != nil || schedule.maxReplicas != nil {
            var edge = from
            for _ in 0..<GeneralScalerSpec.Limits.checkedEdgesOfRare {
                guard let next = schedule.nextEdge(after: edge) else { break }
                edge = next
                let edges = GeneralScalerSpec.Limits.checkedEdgesInWindow
                // The edge itself, too.
                if noteContradiction(schedules, after: edge + .seconds(-1), edges, list) { return }
            }
        }
    }

    /// Notes the first contradiction among the next edges.
    private mutating func noteContradiction(
        _ schedules: [Schedule], after start: Timestamp, _ edges: Int, _ list: JSONReader
    ) -> Bool {
        var time = start
        for _ in 0..<edges {
            guard let edge = schedules.nextEdge(after: time) else { return false }
            time = edge
            let values = schedules.values(at: edge)
            guard let least = values[.minReplicas], let most = values[.maxReplicas], least.value > most.value else {
                continue
            }
            problems.append(
                list.error(
                    "contradict each other at \(edge.rfc3339(.seconds)): minReplicas is \(Int(least.value)) by schedule "
                        + "\(least.schedule), and maxReplicas is \(Int(most.value)) by schedule \(most.schedule)"))
            return true
        }
        return false
    }
}

extension Schedule.End {
    fileprivate var isTime: Bool {
        if case .at = self { true } else { false }
    }
}

extension JSONReader {
    fileprivate func cron() throws(JSONPathError) -> CronExpression {
        let text = try nonEmptyString()
        do throws(CronProblem) {
            return try CronExpression(text)
        } catch {
            throw self.error(error.message)
        }
    }

    /// Hours, minutes and seconds, in that order, as in `10h`, `1h30m` and `90s`.
    fileprivate func scheduleDuration() throws(JSONPathError) -> Duration {
        let text = try nonEmptyString()
        guard let seconds = Self.seconds(text) else {
            throw error(
                "must be a duration in hours, minutes and seconds, such as 10h, 1h30m or 168h for a week, "
                    + "not \"\(text.prefix(64))\"")
        }
        let limits = GeneralScalerSpec.Limits.scheduleSeconds
        guard limits.contains(seconds) else {
            throw error("must be from \(limits.lowerBound)s to \(limits.upperBound / 3_600)h, not \(text.prefix(64))")
        }
        return .seconds(seconds)
    }

    private static func seconds(_ text: String) -> Int? {
        var rest = Substring(text)
        var seconds = 0
        for (unit, length) in [("h", 3_600), ("m", 60), ("s", 1)] {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard !digits.isEmpty, rest.dropFirst(digits.count).hasPrefix(unit) else { continue }
            guard digits.count <= 8, let number = Int(digits) else { return nil }
            seconds += number * length
            rest = rest.dropFirst(digits.count + 1)
        }
        return rest.isEmpty && !text.isEmpty ? seconds : nil
    }
}
