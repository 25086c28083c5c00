/// A table of the measurements.
enum Table {
    private static let widths = [44, 12, 10, 12, 8, 12]

    static let header = row(["measurement", "value", "unit", "baseline", "ratio", "goal", ""])

    static func row(_ measurement: Measurement) -> String {
        row([
            measurement.name, number(measurement.value), measurement.unit, measurement.baseline.map(number) ?? "",
            measurement.ratio.map(number) ?? "", measurement.goal?.text ?? "",
            measurement.isMet.map { $0 ? "ok" : "MISSED" } ?? "",
        ])
    }

    /// Formats small numbers with three digits, and large ones as integers.
    static func number(_ value: Double) -> String {
        guard value.magnitude < 1_000 else { return "\(Int(value.rounded()))" }
        let digits = value.magnitude < 10 ? 100.0 : 10.0
        return "\((value * digits).rounded() / digits)"
    }

    private static func row(_ cells: [String]) -> String {
        zip(cells, widths + [0]).enumerated().map { index, cell in
            let padding = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
            return index == 0 ? cell.0 + padding : padding + cell.0
        }.joined(separator: "  ")
    }
}
