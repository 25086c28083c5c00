import ScalerAPI
import Scaling
import WireFormats

/// GeneralScalers as a table, those that need attention first.
struct TopTable {
    private struct Row {
        let level: Int
        let name: String
        let cells: [String]
        let reason: String
    }

    private static let header = [
        "NAMESPACE", "NAME", "READY", "TARGET", "METRIC", "REPLICAS", "LIMITED BY", "REASON",
    ]

    private let rows: [Row]

    /// - Parameter objects: GeneralScalers as the API server returns them.
    init(_ objects: [JSON]) {
        rows = objects.map(Self.row).sorted { ($0.level, $0.name) < ($1.level, $1.name) }
    }

    private static func row(_ object: JSON) -> Row {
        func text(_ json: JSON?) -> String { json?.stringValue?.cleaned ?? "-" }
        let (metadata, status) = (object["metadata"], object["status"])
        let ready = status?["conditions"]?.arrayValue?.first { $0["type"] == "Ready" }?["status"]
        let causes = (status?["limitedBy"]?.arrayValue ?? []).compactMap { $0.stringValue.flatMap(Cause.init) }
        let summary = status?["summary"]
        let isAlarming = ready == "False" || causes.contains(where: Cause.alarming.contains)
        let isLimited = summary?["limitedBy"]?.stringValue != nil
        let level = isAlarming ? 0 : causes.contains(where: Cause.bounding.contains) ? 1 : isLimited ? 2 : 3
        let (namespace, name) = (text(metadata?["namespace"]), text(metadata?["name"]))
        return Row(
            level: level, name: "\(namespace)/\(name)",
            cells: [
                namespace, name, text(ready), text(status?["targetName"]), text(summary?["metric"]),
                text(summary?["replicas"]), text(summary?["limitedBy"]),
            ],
            reason: text(status?["reason"]))
    }

    /// Returns the lines, the header first.
    ///
    /// - Parameters:
    ///   - width: characters of a line; nil for complete lines.
    ///   - height: the maximum number of lines; nil for all.
    func lines(width: Int?, height: Int?) -> [String] {
        let shown = rows.prefix(height.map { max(0, $0 - 1) } ?? rows.count)
        let table = [Self.header] + shown.map { $0.cells + [$0.reason] }
        let widths = (0..<Self.header.count - 1).map { column in table.map { $0[column].count }.max() ?? 0 }
        return table.map { cells in
            var line = ""
            for (cell, width) in zip(cells, widths) {
                line += cell + String(repeating: " ", count: width - cell.count + 3)
            }
            line += cells[Self.header.count - 1]
            return width.map { String(line.prefix($0)) } ?? line
        }
    }
}
