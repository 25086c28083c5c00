package import Scaling
package import WireFormats

extension ScalingBudgetSpec {
    /// Reads and checks a `spec`.
    ///
    /// - Parameter zones: the time zones of windows.
    package static func parse(
        _ json: JSON, unknownFields: GeneralScalerSpec.UnknownFields = .ignored,
        zones: any TimeZoneProvider = UniversalTimeOnly()
    ) -> Result<ScalingBudgetSpec, InvalidSpec> {
        var parser = BudgetParser(zones: zones)
        if unknownFields == .refused { parser.refuseUnknownFields(JSONReader(json, path: "spec")) }
        let spec = parser.spec(JSONReader(json, path: "spec"))
        guard let spec, parser.problems.isEmpty else { return .failure(InvalidSpec(problems: parser.problems)) }
        return .success(spec)
    }
}

/// Parses the spec of a budget and collects all errors instead of stopping at the first.
private struct BudgetParser {
    let zones: any TimeZoneProvider
    private(set) var problems: [JSONPathError] = []

    init(zones: any TimeZoneProvider) {
        self.zones = zones
    }

    private mutating func attempt<Value>(_ read: () throws(JSONPathError) -> Value) -> Value? {
        do throws(JSONPathError) {
            return try read()
        } catch {
            problems.append(error)
            return nil
        }
    }

    mutating func spec(_ spec: JSONReader) -> ScalingBudgetSpec? {
        guard attempt({ () throws(JSONPathError) in _ = try spec.object() }) != nil else { return nil }
        let selector = attempt { () throws(JSONPathError) in try ScalerSelector(in: spec) }
        let limits = attempt { () throws(JSONPathError) in try Self.limits(spec.required("limits")) }
        let units = limits?.map(\.unit)
        let consumption = attempt { () throws(JSONPathError) in
            try Self.consumption(spec.optional("consumption"), units: units)
        }
        let sharing = attempt { () throws(JSONPathError) in try Self.sharing(spec.optional("sharing"), units: units) }
        let mode = attempt { () throws(JSONPathError) in
            try spec.optional("mode")?.oneOf(ScalingBudgetSpec.Mode.self) ?? .enforce
        }
        let reclaim = attempt { () throws(JSONPathError) in
            try spec.optional("reclaim")?.oneOf(ScalingBudgetSpec.Reclaim.self) ?? .graceful
        }
        let onInvalid = attempt { () throws(JSONPathError) in
            try spec.optional("onInvalid")?.oneOf(ScalingBudgetSpec.InvalidBehavior.self) ?? .hold
        }
        let windows = windows(spec, units: units)
        if let limits, let sharing { checkGuarantees(sharing, limits, spec) }
        guard let selector, let limits, let consumption, let sharing, let mode, let reclaim, let onInvalid, let windows
        else { return nil }
        return ScalingBudgetSpec(
            selector: selector, limits: limits, windows: windows, consumption: consumption, sharing: sharing,
            mode: mode, reclaim: reclaim, onInvalid: onInvalid)
    }

    // MARK: Lists

    private static func entries(
        _ list: JSONReader?, _ bounds: ClosedRange<Int>
    ) throws(JSONPathError) -> [JSONReader] {
        guard let list else { return [] }
        let entries = try list.elements()
        guard bounds.contains(entries.count) else {
            throw list.error(
                "must have from \(bounds.lowerBound) to \(bounds.upperBound) entries, not \(entries.count)")
        }
        return entries
    }

    private static func limits(_ list: JSONReader) throws(JSONPathError) -> [ScalingBudgetSpec.Limit] {
        var limits: [ScalingBudgetSpec.Limit] = []
        for entry in try entries(list, ScalingBudgetSpec.Bounds.limits) {
            let unit = try entry.required("unit")
            let name = try unit.nonEmptyString()
            guard !limits.contains(where: { $0.unit == name }) else {
                throw unit.error("\"\(name.prefix(64))\" already has a limit in this budget")
            }
            let (field, other) = name == ScalingBudgetSpec.cost ? ("perHour", "amount") : ("amount", "perHour")
            if let wrong = try entry.optional(other) {
                throw wrong.error("is not for the unit \"\(name.prefix(64))\"; set \(field)")
            }
            limits.append(ScalingBudgetSpec.Limit(unit: name, amount: try BudgetAmount(entry.required(field))))
        }
        return limits
    }

    private static func consumption(
        _ list: JSONReader?, units: [String]?
    ) throws(JSONPathError) -> [ScalingBudgetSpec.Consumption] {
        var result: [ScalingBudgetSpec.Consumption] = []
        for entry in try entries(list, ScalingBudgetSpec.Bounds.consumption) {
            let amounts = try entry.required("amounts").consumptionAmounts(units: units)
            result.append(ScalingBudgetSpec.Consumption(selector: try ScalerSelector(in: entry), amounts: amounts))
        }
        return result
    }

    private static func sharing(
        _ list: JSONReader?, units: [String]?
    ) throws(JSONPathError) -> [ScalingBudgetSpec.Share] {
        var result: [ScalingBudgetSpec.Share] = []
        for entry in try entries(list, ScalingBudgetSpec.Bounds.sharing) {
            let name = try entry.required("name")
            let text = try name.name(.object)
            guard !result.contains(where: { $0.name == text }) else {
                throw name.error("\"\(text)\" is the name of another entry")
            }
            result.append(
                ScalingBudgetSpec.Share(
                    name: text, selector: try ScalerSelector(in: entry),
                    guarantee: try entry.optional("guarantee").map { guarantee throws(JSONPathError) in
                        try guarantee.budgetAmounts(units: units, most: .largest)
                    } ?? [:],
                    weight: try entry.optional("weight")?.int(in: BudgetMember.weights) ?? 1,
                    priority: try entry.optional("priority")?.int(in: ScalingBudgetSpec.Bounds.priority) ?? 0))
        }
        return result
    }

    // MARK: Windows

    /// A window is a schedule that sets amounts in place of targets.
    private mutating func windows(_ spec: JSONReader, units: [String]?) -> [Schedule]? {
        guard let list = try? spec.optional("windows") else { return [] }
        let entries: [JSON] = (list.value.arrayValue ?? []).map { entry in
            guard var members = entry.objectValue else { return entry }
            members["targets"] = members.removeValue(forKey: "amounts")
            return .object(members)
        }
        guard list.value.arrayValue != nil else {
            problems.append(list.error("must be an array"))
            return nil
        }
        var parser = ScheduleParser(zones: zones, spec: .init(bounds: nil, metricNames: units, allowsZero: true))
        let windows = parser.schedules(JSONReader(.array(entries), path: list.path))
        problems += parser.problems.map(Self.ofWindow)
        for index in (windows ?? []).indices { checkAmounts(entries[index], path: "\(list.path)[\(index)].amounts") }
        if windows?.contains(where: { $0.minReplicas != nil || $0.maxReplicas != nil }) == true {
            problems.append(list.error("must not set minReplicas or maxReplicas; set amounts"))
        }
        return windows
    }

    /// The amounts of a window have the bounds of a limit, which are not those of a target.
    private mutating func checkAmounts(_ window: JSON, path: String) {
        let amounts = window["targets"]?.objectValue ?? [:]
        for (unit, amount) in amounts.sorted(by: { $0.key < $1.key }) {
            _ = attempt { () throws(JSONPathError) in
                try BudgetAmount(JSONReader(amount, path: "\(path).\(unit)"))
            }
        }
    }

    /// Returns the error of a schedule in the terms of a window.
    private static func ofWindow(_ problem: JSONPathError) -> JSONPathError {
        let terms = [
            ("set minReplicas, maxReplicas or targets", "set amounts"),
            ("is the name of another schedule of this scaler", "is the name of another window"),
            ("is not a metric of this scaler; it has", "has no limit in this budget; its units are"),
            ("schedule", "window"),
        ]
        return JSONPathError(
            path: problem.path.replacing(".targets", with: ".amounts"),
            message: terms.reduce(problem.message) { $0.replacing($1.0, with: $1.1) })
    }

    private mutating func checkGuarantees(
        _ sharing: [ScalingBudgetSpec.Share], _ limits: [ScalingBudgetSpec.Limit], _ spec: JSONReader
    ) {
        for limit in limits {
            let sum = sharing.reduce(BudgetAmount.zero) { $0 + ($1.guarantee[limit.unit] ?? .zero) }
            guard sum > limit.amount else { continue }
            problems.append(
                JSONPathError(
                    path: "\(spec.path).sharing",
                    message: "guarantees \(sum.units.shortText) of \(limit.unit), more than the limit of "
                        + "\(limit.amount.units.shortText); raise the limit or lower the guarantees"))
        }
    }
}

// MARK: Unknown fields

extension BudgetParser {
    private static let selectorFields = ["selector", "namespaceSelector"]
    private static let specFields =
        selectorFields + ["limits", "windows", "consumption", "sharing", "mode", "reclaim", "onInvalid"]
    /// The fields of the entries of each list; windows have those of schedules.
    private static let entryFields = [
        ("limits", ["unit", "perHour", "amount"]),
        ("consumption", selectorFields + ["amounts"]),
        ("sharing", ["name"] + selectorFields + ["guarantee", "weight", "priority"]),
        ("windows", ["name", "start", "end", "duration", "timeZone", "exceptDates", "amounts"]),
    ]

    /// Records an error for each unknown field. A value other than an object is left to the other checks.
    mutating func refuseUnknownFields(_ spec: JSONReader) {
        refuseUnknownFields(of: spec, known: Self.specFields)
        for (list, known) in Self.entryFields {
            for entry in (try? spec.optional(list)?.elements()) ?? [] { refuseUnknownFields(of: entry, known: known) }
        }
    }

    private mutating func refuseUnknownFields(of part: JSONReader, known: [String]) {
        for field in (part.value.objectValue ?? [:]).keys.sorted() where !known.contains(field) {
            problems.append(
                JSONPathError(
                    path: "\(part.path).\(field)",
                    message: "is not a known field; known fields: \(known.joined(separator: ", "))"))
        }
    }
}
