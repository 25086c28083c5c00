extension CronExpression {
    /// An expression with the same times, in a canonical form: `0 8 * * 1-5` for `0 8 * * MON-FRI`.
    package var text: String {
        [
            minutes.text(in: 0...59), hours.text(in: 0...23), hasAnyDay ? "*" : days.list(in: 1...31),
            months.text(in: 1...12), hasAnyWeekday ? "*" : weekdays.list(in: 0...6),
        ].joined(separator: " ")
    }
}

extension CronExpression.Values {
    /// Such as `*`, `*/15` and `1-5,7`.
    fileprivate func text(in range: ClosedRange<Int>) -> String {
        let values = range.filter(contains)
        if values.count == range.count { return "*" }
        if values.count > 1, values[0] == range.lowerBound {
            let step = values[1] - values[0]
            if values == Array(stride(from: range.lowerBound, through: range.upperBound, by: step)) {
                return "*/\(step)"
            }
        }
        return list(in: range)
    }

    /// Such as `1-5,7`. For a day, `*` has another meaning than all values.
    fileprivate func list(in range: ClosedRange<Int>) -> String {
        var runs: [ClosedRange<Int>] = []
        for value in range where contains(value) {
            if let last = runs.last, last.upperBound == value - 1 {
                runs[runs.count - 1] = last.lowerBound...value
            } else {
                runs.append(value...value)
            }
        }
        return runs.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }
}
