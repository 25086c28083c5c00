/// An invariant that did not hold.
struct Violation: Sendable, CustomStringConvertible {
    /// Microseconds since the environment began.
    let time: Int64
    let message: String

    var description: String { "\(Double(time) / 1_000_000) s: \(message)" }
}
