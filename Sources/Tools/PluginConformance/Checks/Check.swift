/// A check of some rules. Findings are recorded in the context; a rule without findings has passed.
struct Check: Sendable {
    let rules: [RuleID]
    /// Rules that the check can find broken, but cannot prove kept.
    var alsoChecks: [RuleID] = []
    let run: @Sendable (CheckContext) throws(Stop) -> Void

    init(_ rules: RuleID..., run: @escaping @Sendable (CheckContext) throws(Stop) -> Void) {
        self.rules = rules
        self.run = run
    }

    /// The checks in the order of execution. The last one evaluates the messages of all others.
    static let all: [Check] =
        launchAndHandshake + config + framing + metric + concurrency + confinement + push + exit
        + [badSources, everyMessage]
}

/// The reason why a check ends early.
enum Stop: Error {
    /// The check cannot run, for this reason.
    case skip(String)
    /// The plugin cannot be started.
    case launch(LaunchError)
}
