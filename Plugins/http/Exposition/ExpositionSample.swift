/// A sample of a Prometheus answer.
struct ExpositionSample: Equatable {
    let labels: [String: String]
    /// Also NaN or infinite.
    let value: Double
    /// Microseconds since 1970, if the sample says it.
    let microseconds: Int64?
    /// From 1.
    let line: Int

    /// The same bytes for the same labels, in any order, and others for others.
    var identity: [UInt8] {
        var bytes: [UInt8] = []
        for (label, value) in labels.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            for text in [label, value] {
                bytes += "\(text.utf8.count):".utf8
                bytes += text.utf8
            }
        }
        return bytes
    }
}

/// The reason why an answer is not in the format.
struct ExpositionError: Error, Equatable, CustomStringConvertible {
    let message: String
    /// From 1.
    let line: Int

    var description: String { "line \(line): \(message)" }
}
