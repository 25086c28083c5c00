import WireFormats

/// A column of a table for `kubectl get`.
struct TableColumn: Sendable {
    let name: String
    let type: String
    let format: String
    let description: String
    /// 0 for columns that are always shown, higher for those of `-o wide`.
    let priority: Int
    /// Returns the cell of an object at a time, in microseconds since 1970.
    let cell: @Sendable (_ object: JSON, _ now: Int64) -> JSON

    init(
        _ name: String, type: String = "string", format: String = "", description: String = "", priority: Int = 0,
        cell: @escaping @Sendable (_ object: JSON, _ now: Int64) -> JSON
    ) {
        self.name = name
        self.type = type
        self.format = format
        self.description = description
        self.priority = priority
        self.cell = cell
    }

    var definition: JSON {
        [
            "name": .string(name), "type": .string(type), "format": .string(format),
            "description": .string(description), "priority": JSON(priority),
        ]
    }

    static let name = TableColumn(
        "Name", format: "name", description: "Name must be unique within a namespace."
    ) { object, _ in .string(object.name) }

    static let age = TableColumn("Age", description: "Time since the object was created.") { object, now in
        age(object.string("metadata", "creationTimestamp"), now)
    }

    static func age(_ time: String?, _ now: Int64) -> JSON {
        guard let micros = time.flatMap(RFC3339.microseconds) else { return "<unknown>" }
        return .string(duration(seconds: max(0, (now - micros) / 1_000_000)))
    }

    /// Formats the values that a custom resource's column path selects.
    static func customCell(_ values: [JSON], type: String, now: Int64) -> JSON {
        guard let first = values.first, !first.isNull else { return .null }
        switch type {
        case "integer": return first.intValue.map { JSON($0) } ?? .null
        case "number": return first.doubleValue.map { .number($0) } ?? .null
        case "boolean": return first.boolValue.map { .bool($0) } ?? .null
        case "date": return age(first.stringValue, now)
        default:
            let texts = values.map { $0.stringValue ?? $0.description }
            return .string(texts.joined(separator: ","))
        }
    }

    /// Formats a duration like kubectl's ages: `45s`, `5m30s`, `3h2m`, `2d4h`, `30d`.
    private static func duration(seconds: Int64) -> String {
        let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400)
        if seconds < 120 { return "\(seconds)s" }
        if minutes < 10 { return seconds % 60 == 0 ? "\(minutes)m" : "\(minutes)m\(seconds % 60)s" }
        if hours < 3 { return "\(minutes)m" }
        if hours < 8 { return minutes % 60 == 0 ? "\(hours)h" : "\(hours)h\(minutes % 60)m" }
        if hours < 48 { return "\(hours)h" }
        if hours < 192 { return hours % 24 == 0 ? "\(days)d" : "\(days)d\(hours % 24)h" }
        return days < 730 ? "\(days)d" : "\(days / 365)y"
    }
}
