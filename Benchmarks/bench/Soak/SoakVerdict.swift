/// The measurements of a quiet phase.
struct QuietPoint {
    /// The operator's descriptors: the minimum of each kind.
    var descriptors: [String: Int]
    /// The seconds from the end of the faults and the change of values until every scaler was polled and correct; nil
    /// if that took longer than ``SoakLimits/patience``.
    var pollSeconds: Double?
    var followSeconds: Double?
    /// The remaining problem if ``followSeconds`` is nil.
    var problem: String?
    var zombies: Int
    /// Plugin processes that do not belong to the operator, or a second process of a plugin.
    var strays: [String]
    var missingPlugins: [String]
}

/// Compares the results of a soak test with ``SoakLimits``.
enum SoakVerdict {
    /// - Parameters:
    ///   - growth: the growth of the operator's memory in MiB per hour; nil if the run is too short for a verdict.
    ///   - plugins: the maximum private MiB of each plugin.
    ///   - leftovers: processes left after the operator's end.
    /// - Returns: a sentence for each exceeded limit.
    static func missed(
        growth: Double?, first: QuietPoint, last: QuietPoint, plugins: [String: Double], leftovers: [String]
    ) -> [String] {
        var missed: [String] = []
        if let growth, growth >= SoakLimits.growthMiBPerHour {
            missed.append(
                "The operator's memory grows by \(Table.number(growth)) MiB an hour; the limit is "
                    + "\(Table.number(SoakLimits.growthMiBPerHour)).")
        }
        missed += descriptors(first.descriptors, last.descriptors)
        for (when, point) in [("first", first), ("last", last)] { missed += quiet(point, when) }
        for (name, most) in plugins.sorted(by: { $0.key < $1.key }) where most > SoakLimits.pluginMiB {
            missed.append(
                "The \(name) plugin took \(Table.number(most)) MiB; the limit is \(Table.number(SoakLimits.pluginMiB))."
            )
        }
        if !leftovers.isEmpty {
            missed.append("These processes outlive the operator: \(leftovers.joined(separator: ", ")).")
        }
        return missed
    }

    private static func descriptors(_ first: [String: Int], _ last: [String: Int]) -> [String] {
        let kinds = Set(first.keys).union(last.keys).sorted().filter { kind in
            let change = abs((last[kind] ?? 0) - (first[kind] ?? 0))
            return change > (kind == "socket" ? SoakLimits.sockets : 0)
        }
        guard !kinds.isEmpty else { return [] }
        let changes = kinds.map { "\($0) from \(first[$0] ?? 0) to \(last[$0] ?? 0)" }
        return [
            "The operator's descriptors differ between the first quiet period and the last: "
                + "\(changes.joined(separator: ", "))."
        ]
    }

    private static func quiet(_ point: QuietPoint, _ when: String) -> [String] {
        var missed: [String] = []
        func check(_ seconds: Double?, _ limit: Double, _ what: String) {
            if let seconds, seconds <= limit { return }
            let found =
                seconds.map { "\(Table.number($0)) s" } ?? "more than \(SoakLimits.patience.components.seconds) s"
            missed.append("In the \(when) quiet period it took \(found) until \(what); the limit is \(Int(limit)) s.")
        }
        check(point.pollSeconds, SoakLimits.pollSeconds, "every scaler was polled")
        check(point.followSeconds, SoakLimits.followSeconds, "every scaler had followed its metric")
        if let problem = point.problem { missed.append("In the \(when) quiet period \(problem).") }
        if point.zombies > 0 { missed.append("In the \(when) quiet period there were \(point.zombies) zombies.") }
        if !point.strays.isEmpty {
            missed.append("In the \(when) quiet period no replica owned \(point.strays.joined(separator: ", ")).")
        }
        if !point.missingPlugins.isEmpty {
            missed.append(
                "In the \(when) quiet period these plugins did not run: \(point.missingPlugins.joined(separator: ", "))."
            )
        }
        return missed
    }
}
