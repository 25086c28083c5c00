/// What a quiet period found.
struct QuietPoint {
    /// The operator's, the least of each kind.
    var descriptors: [String: Int]
    /// Until every scaler was polled and right, from the faults' end and the values' change on; nil if that did not
    /// come within ``SoakLimits/patience``.
    var pollSeconds: Double?
    var followSeconds: Double?
    /// What was still wrong, where ``followSeconds`` is nil.
    var problem: String?
    var zombies: Int
    /// Processes of plugins that are not the operator's, or one plugin's second one.
    var strays: [String]
    var missingPlugins: [String]
}

/// Holds what a soak found against ``SoakLimits``.
enum SoakVerdict {
    /// - Parameters:
    ///   - growth: of the operator's memory, in MiB an hour; nil if it is not to be judged.
    ///   - plugins: the most private MiB of each plugin.
    ///   - remains: processes that were there after the operator's end.
    /// - Returns: a sentence for each limit that is missed.
    static func missed(
        growth: Double?, first: QuietPoint, last: QuietPoint, plugins: [String: Double], remains: [String]
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
        if !remains.isEmpty {
            missed.append("These processes outlive the operator: \(remains.joined(separator: ", ")).")
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
            missed.append("In the \(when) quiet period nobody owned \(point.strays.joined(separator: ", ")).")
        }
        if !point.missingPlugins.isEmpty {
            missed.append(
                "In the \(when) quiet period these plugins did not run: \(point.missingPlugins.joined(separator: ", "))."
            )
        }
        return missed
    }
}
