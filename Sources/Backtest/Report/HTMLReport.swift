import WireFormats

/// A self-contained page that shows backtests of one trace side by side, or a group of scalers within shared budgets.
package enum HTMLReport {
    /// The marker in the template that is replaced by the data.
    private static let placeholder = Array("\"REPORT DATA\"".utf8)

    /// - Parameter runs: at least one; the first is drawn first.
    package static func page(title: String, runs: [(recording: ReportRecording, summary: BacktestSummary)]) -> [UInt8] {
        page(["title": .string(title), "runs": .array(runs.map { $0.recording.json(summary: $0.summary) })])
    }

    /// Returns a page with the shared budgets of a group, and each of its members.
    package static func page(title: String, group: GroupRecording, summary: GroupSummary) -> [UInt8] {
        page(group.json(summary).merging(["title": .string(title)]) { $1 })
    }

    private static func page(_ data: [String: JSON]) -> [UInt8] {
        let data = JSON.object(data)
        let template = PackageResources.report_html
        guard let start = template.firstRange(of: placeholder) else { return template }
        return template[..<start.lowerBound] + safe(data.encoded(escapesNonASCII: true)) + template[start.upperBound...]
    }

    /// No text of the data can end the script that contains it.
    private static func safe(_ json: [UInt8]) -> [UInt8] {
        var safe: [UInt8] = []
        safe.reserveCapacity(json.count)
        for byte in json {
            if byte == UInt8(ascii: "<") { safe += Array("\\u003c".utf8) } else { safe.append(byte) }
        }
        return safe
    }
}
