import Backtest
import CommandSupport
import Scaling

extension BacktestSummary {
    /// The headings of the table, one for each of ``columns``.
    static let headings = [
        "out of SLO", "unknown", "capacity", "replica-hours", "cost", "scaling events", "up", "down", "flaps",
        "replicas",
    ]

    /// The summary in the columns of ``headings``.
    var columns: [String] {
        [
            outOfSLOText, unknownText, capacityText, replicaHours.text(decimals: 1),
            cost?.text(decimals: 2) ?? "-", "\(scalingEvents)", "\(scaleUps)", "\(scaleDowns)", "\(flaps)",
            "\(fewestReplicas)-\(mostReplicas)",
        ]
    }

    var outOfSLOText: String { shareOutOfSLO.map { Self.text(timeOutOfSLO, share: $0) } ?? "-" }
    var unknownText: String { Self.text(timeUnknown, share: shareUnknown) }

    private static func text(_ time: Duration, share: Double) -> String {
        "\(time.words) (\((share * 100).text(decimals: 2))%)"
    }

    /// The capacity of one replica: a number, or one for each metric.
    private var capacityText: String {
        if capacities.count <= 1 { return capacities.first?.value.shortText ?? "-" }
        return capacities.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.shortText)" }.joined(separator: ", ")
    }

    /// The limits that applied to most decisions, with their share.
    var commonLimits: String {
        let common = limits.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }.prefix(4)
        let shares = common.map { "\($0.key.rawValue) \((100 * Double($0.value) / Double(polls)).text(decimals: 1))%" }
        return shares.isEmpty ? "nothing" : shares.joined(separator: ", ")
    }

    /// One line for each metric with forecasts: how good they were.
    var forecastLines: [String] {
        forecasts.map { forecast in
            guard let coverage = forecast.coverage, let error = forecast.relativeError else {
                return "the trace is too short for a forecast of \(forecast.metric)"
            }
            let active = time > .zero ? forecast.timeActive / time : 0
            let skill = forecast.skill.map { ", skill \($0.text(decimals: 2)) at the end" } ?? ""
            return
                "the forecast of \(forecast.metric) was active for \((100 * active).text(decimals: 1))% of the time\(skill); "
                + "the load stayed within it for \((100 * coverage).text(decimals: 1))% of the time, and its mean error was "
                + "\((100 * error).text(decimals: 0))% of that of expecting no change"
        }
    }

    /// One line for each schedule of the spec: when it set a value.
    func scheduleLines(_ names: [String]) -> [String] {
        names.map { name in
            guard let use = schedules[name] else { return "schedule \(name) set no value" }
            return "schedule \(name) set a value for \(use.time.words), in \(use.windows.counted("window"))"
        }
    }
}

extension Duration {
    /// The duration as text: `6 d 3 h`, `2 h 5 min`, `10 min 45 s`.
    var words: String {
        let seconds = components.seconds
        guard seconds >= 60 else { return "\(seconds) s" }
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60)
        if days > 0 { return hours > 0 ? "\(days) d \(hours) h" : "\(days) d" }
        if hours > 0 { return minutes > 0 ? "\(hours) h \(minutes) min" : "\(hours) h" }
        return seconds % 60 > 0 ? "\(minutes) min \(seconds % 60) s" : "\(minutes) min"
    }
}

extension Double {
    func text(decimals: Int) -> String {
        let scale = (0..<decimals).reduce(1.0) { power, _ in power * 10 }
        guard magnitude * scale < 1e15 else { return description }
        let (whole, fraction) = Int64((magnitude * scale).rounded()).quotientAndRemainder(dividingBy: Int64(scale))
        let digits = String(fraction)
        let sign = self < 0 && (whole, fraction) != (0, 0) ? "-" : ""
        guard decimals > 0 else { return "\(sign)\(whole)" }
        return "\(sign)\(whole).\(String(repeating: "0", count: decimals - digits.count))\(digits)"
    }
}
