import Scaling

/// The replicas of two autoscalers over time, as a picture in SVG.
package struct ReplayPicture {
    private let comparison: ReplayComparison
    private let other: String

    private static let width = 1_000.0
    private static let height = 220.0
    private static let margin = 34.0

    /// - Parameter other: the name of the second autoscaler; plain text without markup.
    package init(_ comparison: ReplayComparison, other: String) {
        self.comparison = comparison
        self.other = other
    }

    package var svg: String {
        let minutes = comparison.minutes
        guard let first = minutes.first, let last = minutes.last else { return "" }
        let highest = max(minutes.map { max($0.ours, $0.theirs) }.max() ?? 1, 1)
        let shades = comparison.differences.map { difference in
            let start = x(difference.start, first.time)
            let width = max(x(difference.end, first.time) - start, 1)
            return
                "<rect x=\"\(number(start))\" y=\"0\" width=\"\(number(width))\" height=\"\(number(Self.height - Self.margin))\" "
                + "fill=\"#fff1c2\"/>"
        }
        let base = number(Self.height - Self.margin)
        return """
            <svg viewBox="0 0 \(number(Self.width)) \(number(Self.height))" role="img" \
            aria-label="Replicas over time; shaded where they differ">\(shades.joined())
            <path d="M\(number(Self.margin)),\(base)H\(number(Self.width))" stroke="#8c959f"/>
            <path d="\(line(highest) { $0.theirs })" fill="none" stroke="#b35900" stroke-width="2"/>
            <path d="\(line(highest) { $0.ours })" fill="none" stroke="#0550ae" stroke-width="2"/>
            <g font-size="12" font-family="sans-serif"><text x="2" y="14">\(highest)</text><text x="2" y="\(base)">0</text>
            <text x="\(number(Self.margin))" y="\(number(Self.height - 18))">\(first.time.text)</text>
            <text x="\(number(Self.width))" y="\(number(Self.height - 18))" text-anchor="end">\(last.time.text)</text>
            <text x="\(number(Self.margin))" y="\(number(Self.height - 3))" fill="#0550ae">GeneralScaler</text>
            <text x="\(number(Self.margin + 110))" y="\(number(Self.height - 3))" fill="#b35900">\(other)</text></g></svg>
            """
    }

    private func x(_ time: Timestamp, _ start: Timestamp) -> Double {
        let length = max(Double(comparison.minutes.count), 1) * 60
        return Self.margin + (time - start) / .seconds(1) / length * (Self.width - Self.margin)
    }

    /// A line of steps: only minutes in which the replicas change are points of it.
    private func line(_ highest: Int, _ value: (ReplayComparison.Minute) -> Int) -> String {
        guard let first = comparison.minutes.first else { return "" }
        var path = ""
        var previous: Int?
        for minute in comparison.minutes where value(minute) != previous {
            let y = (1 - Double(value(minute)) / Double(highest)) * (Self.height - Self.margin - 6) + 6
            let left = number(x(minute.time, first.time))
            path += previous == nil ? "M\(left),\(number(y))" : "H\(left)V\(number(y))"
            previous = value(minute)
        }
        return path + "H\(number(Self.width))"
    }

    /// A number with one decimal.
    private func number(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}
