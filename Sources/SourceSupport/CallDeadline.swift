/// Divides the time of a call.
package enum CallDeadline {
    /// The time reserved before the call's deadline, so that the error message still arrives.
    static let reserve: Duration = .milliseconds(100)

    /// Returns the part of the remaining time that the source may use.
    package static func usable(_ timeLeft: Duration) -> Duration { timeLeft - min(reserve, timeLeft / 10) }
}
