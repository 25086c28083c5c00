/// Divides the time of a call.
package enum CallDeadline {
    /// The time reserved before the call's deadline, so that the error message still arrives.
    static let reserve: Duration = .milliseconds(100)
    /// Of a short call, one part in so many is reserved.
    private static let shareOfReserve = 10

    /// Returns the part of the remaining time that the source may use.
    package static func usable(_ timeLeft: Duration) -> Duration {
        // The division is slow, and most calls have more time.
        timeLeft - (timeLeft >= reserve * shareOfReserve ? reserve : timeLeft / shareOfReserve)
    }
}
