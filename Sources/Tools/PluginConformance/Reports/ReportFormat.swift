import WireFormats

/// The format of a report.
package enum ReportFormat: String, CaseIterable, Sendable {
    case human
    case json
    case junit

    /// Returns the complete report, including its last newline.
    ///
    /// - Parameter colors: whether to use colors, in the text for terminals only.
    package func text(_ report: CheckReport, colors: Bool) -> String {
        switch self {
        case .human: HumanReport(colors: colors).text(report)
        case .json: report.json.description + "\n"
        case .junit: report.junit
        }
    }
}
