/// Why a text is no cron expression, for the person who wrote it.
package struct CronProblem: Error, Sendable, Hashable {
    package let message: String
}

extension CronExpression {
    package static let maxCharacters = 256

    fileprivate struct Field {
        let name: String
        let range: ClosedRange<Int>
        /// Names of the values, from the first on.
        var names: [String] = []

        /// 7 is Sunday too, but `*` and open ranges end at Saturday.
        var last: Int { names.first == "SUN" ? 6 : range.upperBound }
    }

    private static let fields = [
        Field(name: "minute", range: 0...59), Field(name: "hour", range: 0...23),
        Field(name: "day of month", range: 1...31),
        Field(
            name: "month", range: 1...12,
            names: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]),
        Field(name: "day of week", range: 0...7, names: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]),
    ]

    private static let macros = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
    ]

    /// Reads five fields, as in `0 8 * * MON-FRI`: `*`, numbers, names of months and days of the week, ranges `a-b`, steps
    /// `*/n`, `a-b/n` and `a/n` (from a on), and lists of those.
    package init(_ text: String) throws(CronProblem) {
        guard text.unicodeScalars.count <= Self.maxCharacters else {
            throw CronProblem(message: "has more than \(Self.maxCharacters) characters")
        }
        if text.hasPrefix("@") {
            let hint = Self.macros[text.lowercased()].map { "write \"\($0)\"" } ?? "write five fields"
            throw CronProblem(message: "\"\(text.prefix(32))\" is a macro, which is not supported: \(hint)")
        }
        if text.hasPrefix("TZ=") || text.hasPrefix("CRON_TZ=") {
            throw CronProblem(message: "must not name a time zone: set timeZone instead")
        }
        let parts = text.split { $0 == " " || $0 == "\t" }
        guard parts.count == Self.fields.count else {
            throw CronProblem(
                message: "must have five fields (minute, hour, day of month, month, day of week), such as "
                    + "\"0 8 * * 1-5\", not \(parts.count)")
        }
        var values: [Values] = []
        for (part, field) in zip(parts, Self.fields) { values.append(try field.values(part)) }
        // Sunday is 0 and 7.
        if values[4].contains(7) { values[4] = Values(bits: values[4].bits & 0x7F | 1) }
        minutes = values[0]
        hours = values[1]
        days = values[2]
        months = values[3]
        weekdays = values[4]
        hasAnyDay = parts[2] == "*"
        hasAnyWeekday = parts[4] == "*"
    }
}

extension CronExpression.Field {
    fileprivate func values(_ text: Substring) throws(CronProblem) -> CronExpression.Values {
        var values = CronExpression.Values()
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = item.split(separator: "/", omittingEmptySubsequences: false)
            guard let base = parts.first, parts.count <= 2 else { throw problem(item) }
            let step = try parts.count == 2 ? self.step(parts[1]) : nil
            for value in stride(from: try bounds(base, isOpen: step != nil), step: step ?? 1) { values.insert(value) }
        }
        return values
    }

    private func stride(from bounds: ClosedRange<Int>, step: Int) -> StrideThrough<Int> {
        Swift.stride(from: bounds.lowerBound, through: bounds.upperBound, by: step)
    }

    /// - Parameter isOpen: a single value stands for all from there on.
    private func bounds(_ text: Substring, isOpen: Bool) throws(CronProblem) -> ClosedRange<Int> {
        if text == "*" { return range.lowerBound...last }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard let first = ends.first, ends.count <= 2 else { throw problem(text) }
        let lower = try value(first)
        guard ends.count == 2 else { return lower...(isOpen ? max(lower, last) : lower) }
        let upper = try value(ends[1])
        guard lower <= upper else {
            throw CronProblem(
                message:
                    "\"\(text.prefix(32))\" in the field \(name) begins after it ends: write two ranges, separated by "
                    + "a comma")
        }
        return lower...upper
    }

    private func value(_ text: Substring) throws(CronProblem) -> Int {
        let isNumber = !text.isEmpty && text.utf8.count <= 4 && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        if isNumber, let number = Int(text) {
            guard range.contains(number) else {
                throw CronProblem(
                    message: "\(number) in the field \(name) is not from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
        guard let index = names.firstIndex(of: text.uppercased()) else { throw problem(text) }
        return range.lowerBound + index
    }

    private func step(_ text: Substring) throws(CronProblem) -> Int {
        let isNumber = !text.isEmpty && text.utf8.count <= 4 && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        guard isNumber, let step = Int(text) else { throw problem(text) }
        guard step >= 1, step <= last - range.lowerBound + 1 else {
            throw CronProblem(
                message: "the step /\(step) in the field \(name) is not from 1 to \(last - range.lowerBound + 1)")
        }
        return step
    }

    private func problem(_ text: Substring) -> CronProblem {
        let names = self.names.isEmpty ? "" : ", names such as \(self.names[1])"
        return CronProblem(
            message:
                "\"\(text.prefix(32))\" in the field \(name) is invalid: use numbers from \(range.lowerBound) to "
                + "\(range.upperBound)\(names), *, ranges a-b, steps */n and lists")
    }
}
