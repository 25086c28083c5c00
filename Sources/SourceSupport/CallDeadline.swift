/// The division of a call's time.
package enum CallDeadline {
    /// Kept back from the call's deadline, so that the message of the failure still arrives.
    static let reserve: Duration = .milliseconds(100)

    /// Returns what the source may use of the time that is left.
    package static func usable(_ timeLeft: Duration) -> Duration { timeLeft - min(reserve, timeLeft / 10) }
}
