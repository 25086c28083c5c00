import Scaling

/// The columns of a CSV trace, from its header.
struct TraceColumns {
    /// Names of the time column that spreadsheets and monitoring tools write, also those set to German, in lower case.
    static let timeNames: Set<String> = [
        "time", "timestamp", "date", "datetime", "date time", "_time", "zeit", "datum",
    ]

    /// The index of the time column.
    let time: Int
    /// The indexes of the metric columns, in order.
    let values: [Int]
    let metrics: [String]
    private let replicas: Int?
    private let names: [String]

    /// - Throws: ``TraceError`` if the record is not a header.
    init(header: [CSVReader.Field]) throws(TraceError) {
        var names = header.map { String($0.text[...].trimmingSpaces) }
        // A delimiter at the end of each line makes an empty column.
        while names.last == "" { names.removeLast() }
        let line = header[0].line
        let times = names.indices.filter { Self.timeNames.contains(names[$0].lowercased()) }
        guard let time = times.first, time == 0 || times.count == 1 else {
            let isSample = header.count > 1 && Timestamp(text: header[0].text[...].trimmingSpaces) != nil
            throw TraceError(
                line: line,
                "must be a header: time, then a column for each metric, such as time,requests"
                    + (isSample ? "; it has values, so the header is missing" : ""))
        }
        guard !["date", "time"].allSatisfy({ name in names.contains { $0.lowercased() == name } }) else {
            throw TraceError(
                line: line,
                "has the time in two columns, a date and a time: put both into one, such as 2026-01-02T03:04:05Z")
        }
        let columns = names.indices.filter { $0 != time }
        guard columns.contains(where: { names[$0] != Trace.replicasColumn }) else {
            throw TraceError(line: line, "must have a column for each metric besides time, such as time,requests")
        }
        for column in columns where names[column].isEmpty || names[..<column].contains(names[column]) {
            throw TraceError(
                line: line, column: column + 1,
                "each column needs a unique name, and this one is \(names[column].quoted)")
        }
        values = columns.filter { names[$0] != Trace.replicasColumn }
        guard values.count <= Trace.maxMetrics else {
            throw TraceError(line: line, "names \(values.count) metrics, more than \(Trace.maxMetrics)")
        }
        self.time = time
        self.names = names
        metrics = values.map { names[$0] }
        replicas = names.firstIndex(of: Trace.replicasColumn)
    }

    func sample(
        _ row: [CSVReader.Field], _ time: TraceTime, _ style: NumberStyle
    ) throws(TraceError) -> Trace.Sample {
        guard row.count >= names.count else {
            throw TraceError(
                line: row[0].line, "has \(row.count) \(row.count == 1 ? "cell" : "cells"), the header \(names.count)")
        }
        if let extra = row.indices.dropFirst(names.count).first(where: { !row[$0].text[...].trimmingSpaces.isEmpty }) {
            throw TraceError(
                line: row[extra].line, column: extra + 1,
                "\(row[extra].text.quoted) is in a column without a name; a number with a comma in it has to be in quotes"
            )
        }
        var sample = Trace.Sample(time: try timestamp(row[self.time], time), cells: [])
        for column in values {
            sample.cells.append(try Self.cell(row[column].text[...].trimmingSpaces, style, place(column, row[column])))
        }
        if let replicas {
            sample.replicas = try Self.replicas(row[replicas].text[...].trimmingSpaces, place(replicas, row[replicas]))
        }
        return sample
    }

    private func place(_ column: Int, _ field: CSVReader.Field) -> TracePlace {
        TracePlace(line: field.line, column: column + 1, name: names[column])
    }

    private func timestamp(_ field: CSVReader.Field, _ time: TraceTime) throws(TraceError) -> Timestamp {
        do throws(TraceTime.Problem) {
            return try time.time(field.text[...].trimmingSpaces)
        } catch {
            throw place(self.time, field).error(error.message)
        }
    }

    private static func replicas(_ text: Substring, _ place: TracePlace) throws(TraceError) -> Int? {
        if NumberText.isAbsent(text) { return nil }
        guard case .plain(let number)? = NumberText(text), let count = Int(exactly: number),
            (0...Int(Int32.max)).contains(count)
        else { throw place.error("\(text.quoted) is not a number of replicas") }
        return count
    }

    private static func cell(
        _ text: Substring, _ style: NumberStyle, _ place: TracePlace
    ) throws(TraceError) -> Trace.Cell {
        if NumberText.isAbsent(text) { return .noData }
        if text.lowercased() == "error" { return .failed }
        if let value = try style.number(text, at: place) { return value.isFinite ? .value(value) : .noData }
        guard !NumberText.hasUnit(text) else {
            throw place.error(
                "\(text.quoted) is a number followed by other text, such as a unit: export raw values, without formatting"
            )
        }
        throw place.error("\(text.quoted) is not a number; leave a cell empty for no data, or write error")
    }
}

/// The position of a cell, for messages.
struct TracePlace {
    let line: Int
    /// The column number, from 1.
    let column: Int
    /// The column name.
    let name: String

    func error(_ message: String) -> TraceError {
        TraceError("line \(line), column \(column) (\(name.shortened)): \(message)")
    }
}
