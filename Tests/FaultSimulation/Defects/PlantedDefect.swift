/// A deliberate defect. Each is injected through a dependency of the operator, without changes in the operator.
enum PlantedDefect: String, CaseIterable, Sendable {
    /// Scale patches are sent without the version that the decision is based on.
    case resourceVersionNotSent = "resource-version-not-sent"
    /// The operator acts as the leader regardless of the lease.
    case leaderCheckSkipped = "leader-check-skipped"
    /// A metric without data is read as 0.
    case noDataIsZero = "no-data-is-zero"
    /// A pending scale operation is not recorded.
    case pendingScaleLost = "pending-scale-lost"
    /// A list after the first returns the first one's contents.
    case relistDropped = "relist-dropped"
    /// The rates in a spec are ignored.
    case rateIgnored = "rate-ignored"
    /// A scale patch without a response is sent again with the current version of the target.
    case lateAnswerAppliedTwice = "late-answer-applied-twice"
    /// Occasionally a sleeper is not woken.
    case dueTimeForgotten = "due-time-forgotten"
    /// The schedule uses the wall clock.
    case backwardsClockTrusted = "backwards-clock-trusted"
    /// Occasionally a reading leaks a task.
    case taskLeaked = "task-leaked"
    /// A metric with a history is read as the lower load that is expected.
    case forecastLowers = "forecast-lowers"
    /// Sleepers are woken at whole multiples of five seconds, so that a schedule's edge is met late.
    case edgesLate = "edges-late"
    /// Lists have no schedules, so that an operator that starts or becomes leader does not know them.
    case schedulesNotListed = "schedules-not-listed"
    /// Budgets have twice their limits.
    case budgetLimitDoubled = "budget-limit-doubled"
    /// Budgets have no guarantees.
    case guaranteeIgnored = "guarantee-ignored"
    /// Replicas are reclaimed by cooldowns and rates although the budget says at once.
    case reclaimNotImmediate = "reclaim-not-immediate"
    /// A list of budgets after the first returns the first one's contents.
    case budgetRelistDropped = "budget-relist-dropped"
    /// A new leader does not know the scale operations of its predecessor that have not been applied.
    case predecessorNotCounted = "predecessor-not-counted"
    /// A new leader does not know the scale operations that its predecessor has given up.
    case givenUpNotCounted = "given-up-not-counted"
    /// The status of budgets is written nowhere.
    case budgetStatusLost = "budget-status-lost"
}
