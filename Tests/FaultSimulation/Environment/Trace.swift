/// The trace of events as text, and a hash of it.
final class Trace {
    /// The number of lines that are kept.
    static let limit = 400

    /// Deterministic for the same lines in every process that sets `SWIFT_DETERMINISTIC_HASHING`.
    private(set) var hash = 0
    private var lines: [String] = []

    func add(_ time: Int64, _ who: String, _ what: String) {
        let line = "\(Self.seconds(time)) \(who): \(what)"
        var hasher = Hasher()
        hasher.combine(hash)
        hasher.combine(line)
        hash = hasher.finalize()
        lines.append(line)
        if lines.count >= 2 * Self.limit { lines.removeFirst(Self.limit) }
    }

    /// Returns the last lines, oldest first.
    func last(_ count: Int) -> ArraySlice<String> { lines.suffix(count) }

    private static func seconds(_ time: Int64) -> String {
        let fraction = String(time % 1_000_000)
        return "\(time / 1_000_000)." + String(repeating: "0", count: 6 - fraction.count) + fraction
    }
}
