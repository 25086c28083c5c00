import Scaling

extension Trace {
    /// Reads comma-separated values: a header `time,METRIC,…`, then one row per sample.
    ///
    /// A time is RFC 3339 or seconds since 1970. An empty cell, `NaN` or an infinity is no data, `error` a failed
    /// reading. A column `replicas` gives the replicas of the time.
    package init(csv text: String) throws(TraceError) {
        var columns: [Substring] = []
        var samples: [Sample] = []
        var number = 0
        for line in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            let row = Substring(line).trimmed
            guard !row.isEmpty, !row.hasPrefix("#") else { continue }
            let cells = row.split(separator: ",", omittingEmptySubsequences: false).map(\.trimmed)
            if columns.isEmpty {
                columns = try Self.header(cells, line: number)
            } else {
                samples.append(try Self.sample(cells, columns, line: number))
            }
        }
        guard !columns.isEmpty else { throw TraceError("is empty: it needs a header such as time,requests") }
        try self.init(metrics: columns.filter { $0 != Self.replicasColumn }.map(String.init), samples: samples)
    }

    /// The names of the columns after the time.
    private static func header(_ cells: [Substring], line: Int) throws(TraceError) -> [Substring] {
        guard cells.first == "time", cells.contains(where: { $0 != "time" && $0 != replicasColumn }) else {
            throw TraceError(line: line, "must be a header: time, then a column for each metric, such as time,requests")
        }
        let columns = Array(cells.dropFirst())
        guard Set(columns).count == columns.count, !columns.contains("") else {
            throw TraceError(line: line, "each column needs a name of its own")
        }
        return columns
    }

    private static func sample(
        _ cells: [Substring], _ columns: [Substring], line: Int
    ) throws(TraceError) -> Sample {
        guard cells.count == columns.count + 1 else {
            throw TraceError(line: line, "has \(cells.count) cells, the header \(columns.count + 1)")
        }
        guard let time = Timestamp(text: cells[0]) else {
            throw TraceError(line: line, "\"\(cells[0].prefix(64))\" is no time such as 2026-01-02T03:04:05Z")
        }
        var sample = Sample(time: time, cells: [])
        for (column, cell) in zip(columns, cells.dropFirst()) {
            if column == replicasColumn {
                sample.replicas = try replicas(cell, line: line)
            } else {
                sample.cells.append(try Self.cell(cell, line: line))
            }
        }
        return sample
    }

    private static func replicas(_ cell: Substring, line: Int) throws(TraceError) -> Int? {
        if cell.isEmpty { return nil }
        guard let count = Double(cell).flatMap({ Int(exactly: $0) }), (0...Int(Int32.max)).contains(count) else {
            throw TraceError(line: line, "\"\(cell.prefix(64))\" is no number of replicas")
        }
        return count
    }

    private static func cell(_ cell: Substring, line: Int) throws(TraceError) -> Cell {
        if cell.isEmpty { return .noData }
        if cell == "error" { return .failed }
        guard let value = Double(cell) else {
            throw TraceError(
                line: line, "\"\(cell.prefix(64))\" is no number; leave a cell empty for no data, or write error")
        }
        return value.isFinite ? .value(value) : .noData
    }
}

extension Substring {
    /// Without spaces, tabs and carriage returns at its ends, and without quotes around it.
    fileprivate var trimmed: Substring {
        var text = self
        while let last = text.last, last.isWhitespace { text.removeLast() }
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        if text.count > 1, text.first == "\"", text.last == "\"" { text = text.dropFirst().dropLast() }
        return text
    }
}
