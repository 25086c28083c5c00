import WireFormats

/// A self-contained page that shows backtests of one trace side by side, or a group of scalers within shared budgets.
package enum HTMLReport {
    /// The markers in the template and in the script, and what replaces them.
    private static let style = Array("REPORT STYLE\n".utf8)
    private static let script = Array("REPORT SCRIPT\n".utf8)
    private static let data = Array("\"REPORT DATA\"".utf8)

    /// - Parameter runs: at least one; the first is drawn first.
    package static func page(title: String, runs: [(recording: ReportRecording, summary: BacktestSummary)]) -> [UInt8] {
        page(["title": .string(title), "runs": .array(runs.map { $0.recording.json(summary: $0.summary) })])
    }

    /// Returns a page with the shared budgets of a group, and each of its members.
    package static func page(title: String, group: GroupRecording, summary: GroupSummary) -> [UInt8] {
        page(group.json(summary).merging(["title": .string(title)]) { $1 })
    }

    private static func page(_ data: [String: JSON]) -> [UInt8] {
        let code = PackageResources.charts_js + PackageResources.report_js
        return PackageResources.report_html.replacing(style, by: PackageResources.report_css)
            .replacing(
                script, by: code.replacing(Self.data, by: safe(JSON.object(data).encoded(escapesNonASCII: true))))
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

extension [UInt8] {
    /// Returns the bytes with the first occurrence of a marker replaced.
    fileprivate func replacing(_ marker: [UInt8], by bytes: [UInt8]) -> [UInt8] {
        guard let range = firstRange(of: marker) else { return self }
        return self[..<range.lowerBound] + bytes + self[range.upperBound...]
    }
}
