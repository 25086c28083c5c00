/// A point in time with microsecond precision, without leap seconds.
package struct Timestamp: Hashable, Comparable, Sendable {
    package var microsecondsSince1970: Int64

    package init(microsecondsSince1970: Int64) {
        self.microsecondsSince1970 = microsecondsSince1970
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microsecondsSince1970 < right.microsecondsSince1970
    }

    /// Adds a duration and saturates at the limits of the type, so that no operands can trap.
    package static func + (time: Timestamp, duration: Duration) -> Timestamp {
        let sum = Duration.microseconds(time.microsecondsSince1970) + duration
        guard sum > .microseconds(Int64.min) else { return Timestamp(microsecondsSince1970: .min) }
        guard sum < .microseconds(Int64.max) else { return Timestamp(microsecondsSince1970: .max) }
        let (seconds, attoseconds) = sum.components
        return Timestamp(microsecondsSince1970: seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
    }

    package static func - (left: Timestamp, right: Timestamp) -> Duration {
        // A Duration can hold the difference of any two Int64, so that no two times can trap.
        .microseconds(left.microsecondsSince1970) - .microseconds(right.microsecondsSince1970)
    }
}
