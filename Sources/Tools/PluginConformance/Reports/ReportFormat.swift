import WireFormats

/// The format of a report.
package enum ReportFormat: String, CaseIterable, Sendable {
    case human
    case json
    case junit

    /// Returns the whole report, its last newline included.
    ///
    /// - Parameter colors: whether a terminal shows them; only for people.
    package func text(_ report: CheckReport, colors: Bool) -> String {
        switch self {
        case .human: HumanReport(colors: colors).text(report)
        case .json: report.json.description + "\n"
        case .junit: report.junit
        }
    }
}
