import WireFormats

/// The numbers of scale-ups and scale-downs of a scaler.
struct DemoScaleCounts: Sendable {
    var ups = 0
    var downs = 0

    /// Reads a line of the audit log, and reports a scaling event.
    static func note(_ line: [UInt8], _ onDecision: (_ scaler: String, _ from: Int, _ to: Int) -> Void) {
        guard let entry = try? JSON(parsing: line), let name = entry["name"]?.stringValue,
            let from = entry["decision"]?["current"]?.intValue, let to = entry["decision"]?["desired"]?.intValue,
            from != to
        else { return }
        onDecision(name, from, to)
    }
}
