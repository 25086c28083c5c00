/// A defect that a planted operator has. Each is planted at one of the operator's own seams: nothing in the operator
/// knows of it.
enum PlantedDefect: String, CaseIterable, Sendable {
    /// Scale patches go out without the version that they were decided on.
    case resourceVersionNotSent = "resource-version-not-sent"
    /// The operator acts as the leader regardless of the lease.
    case leaderCheckSkipped = "leader-check-skipped"
    /// A metric without data reads as 0.
    case noDataIsZero = "no-data-is-zero"
    /// What is about to be scaled is not written down.
    case pendingScaleLost = "pending-scale-lost"
    /// A list after the first shows what the first one did.
    case relistDropped = "relist-dropped"
    /// The rates of a spec are not seen.
    case rateIgnored = "rate-ignored"
    /// The schedules of a spec are not seen.
    case scheduleIgnored = "schedule-ignored"
    /// A scale patch that got no answer is sent once more, at the present version of the target.
    case lateAnswerAppliedTwice = "late-answer-applied-twice"
    /// Now and then a time that was waited for goes by unnoticed.
    case dueTimeForgotten = "due-time-forgotten"
    /// The schedule goes by the clock on the wall.
    case backwardsClockTrusted = "backwards-clock-trusted"
    /// Now and then a reading leaves a task behind that nobody ends.
    case taskLeaked = "task-leaked"
}
