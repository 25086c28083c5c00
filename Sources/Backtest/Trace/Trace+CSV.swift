import Scaling

extension Trace {
    /// Reads comma-separated values: a header `time,METRIC,…`, then one row per sample. ``CSVReader`` defines the
    /// format, ``TraceTime`` the times, and ``NumberStyle`` the numbers.
    ///
    /// A cell that is empty, or has a word such as `NaN` or `null`, is no data; `error` is a failed reading. A column
    /// `replicas` gives the replicas at the time.
    ///
    /// - Parameter zone: the zone of times without one; if nil, such a time is an error.
    package init(csv text: String, zone: TraceZone? = nil) throws(TraceError) {
        try self.init(csv: TraceText.utf8(Array(text.utf8)), zone: zone)
    }

    /// - Parameter bytes: UTF-8 without a byte order mark.
    init(csv bytes: [UInt8], zone: TraceZone?) throws(TraceError) {
        var reader = try CSVReader(detecting: bytes)
        guard let header = try reader.next() else {
            throw TraceError("is empty: it needs a header such as time,requests")
        }
        let columns = try TraceColumns(header: header)
        let style = reader.mayHaveCommas ? try Self.style(of: reader, columns) : NumberStyle()
        let time = TraceTime(zone: zone)
        var samples: [Sample] = []
        var hasRoundedTimes = false
        while let row = try reader.next() {
            // Spreadsheets write empty rows as delimiters only.
            if row.allSatisfy({ $0.text[...].trimmingSpaces.isEmpty }) { continue }
            samples.append(try columns.sample(row, time, style))
            hasRoundedTimes = hasRoundedTimes || TraceTime.isRounded(row[columns.time].text[...])
        }
        let note = "The times are in scientific notation, which spreadsheets round: samples may be at other times."
        try self.init(metrics: columns.metrics, samples: samples, notes: hasRoundedTimes ? [note] : [])
    }

    /// - Parameter rows: a reader of the rows, which is read to its end in a copy.
    private static func style(of rows: CSVReader, _ columns: TraceColumns) throws(TraceError) -> NumberStyle {
        var (reader, style) = (rows, NumberStyle(hasSemicolons: rows.hasSemicolons))
        while let row = try reader.next() {
            for column in columns.values where column < row.count {
                style.learn(from: row[column].text[...].trimmingSpaces, line: row[column].line)
            }
        }
        return style
    }
}
