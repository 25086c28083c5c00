/// What happened, in lines for a person, and a hash of all of it.
final class Trace {
    /// Lines that are kept.
    static let limit = 400

    private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    private var lines: [String] = []

    func add(_ time: Int64, _ who: String, _ what: String) {
        let line = "\(Self.seconds(time)) \(who): \(what)"
        for byte in line.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        lines.append(line)
        if lines.count >= 2 * Self.limit { lines.removeFirst(Self.limit) }
    }

    /// The last lines, oldest first.
    func last(_ count: Int) -> ArraySlice<String> { lines.suffix(count) }

    private static func seconds(_ time: Int64) -> String {
        let fraction = String(time % 1_000_000)
        return "\(time / 1_000_000)." + String(repeating: "0", count: 6 - fraction.count) + fraction
    }
}
