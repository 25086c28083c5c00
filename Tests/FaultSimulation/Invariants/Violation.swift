/// A violated invariant.
struct Violation: Sendable, CustomStringConvertible {
    /// Microseconds since the start of the environment.
    let time: Int64
    let message: String

    var description: String { "\(Double(time) / 1_000_000) s: \(message)" }
}
