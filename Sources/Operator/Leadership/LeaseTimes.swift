/// The times of leader election.
package struct LeaseTimes: Sendable, Hashable {
    /// The lease duration: how long standbys wait after the last renewal before they take the lease.
    package let duration: Duration
    /// How long a leader stays leader after its last renewal. The rest of ``duration`` is for operations in flight.
    package let renewDeadline: Duration
    /// How often a leader renews and a standby reads the lease.
    package let retryPeriod: Duration

    /// The defaults of the Kubernetes components.
    package static let standard = LeaseTimes(
        checkedDuration: .seconds(15), renewDeadline: .seconds(10), retryPeriod: .seconds(2))

    /// The valid lease durations in seconds; the API stores whole seconds.
    package static let seconds = 1...3_600

    /// - Throws: ``ValidationError`` unless duration > renewDeadline > 1.2 times retryPeriod > 0: a leader needs time
    ///   for a retry, and has to stop before another replica may start.
    package init(duration: Duration, renewDeadline: Duration, retryPeriod: Duration) throws(ValidationError) {
        let whole = duration.components
        guard whole.attoseconds == 0, let seconds = Int(exactly: whole.seconds), Self.seconds.contains(seconds) else {
            throw ValidationError(
                "the lease duration must be \(Self.seconds.lowerBound) to \(Self.seconds.upperBound) whole seconds")
        }
        guard duration > renewDeadline else {
            throw ValidationError(
                "the lease duration (\(duration)) must be longer than the renew deadline (\(renewDeadline))")
        }
        guard renewDeadline > retryPeriod * LeaseMachine.longestJitter else {
            throw ValidationError(
                "the renew deadline (\(renewDeadline)) must be longer than \(LeaseMachine.longestJitter) retry periods "
                    + "(\(retryPeriod))")
        }
        guard retryPeriod > .zero else { throw ValidationError("the retry period must be longer than 0") }
        self.init(checkedDuration: duration, renewDeadline: renewDeadline, retryPeriod: retryPeriod)
    }

    private init(checkedDuration duration: Duration, renewDeadline: Duration, retryPeriod: Duration) {
        self.duration = duration
        self.renewDeadline = renewDeadline
        self.retryPeriod = retryPeriod
    }

    /// An error in the times of a lease.
    package struct ValidationError: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String

        init(_ description: String) {
            self.description = description
        }
    }
}
