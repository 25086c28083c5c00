/// A check of some rules. Findings are recorded in the context; a rule without findings is kept.
struct Check: Sendable {
    let rules: [RuleID]
    /// Rules that the check can find broken, but cannot prove kept.
    var alsoChecks: [RuleID] = []
    let run: @Sendable (CheckContext) throws(Stop) -> Void

    init(_ rules: RuleID..., run: @escaping @Sendable (CheckContext) throws(Stop) -> Void) {
        self.rules = rules
        self.run = run
    }

    /// In the order in which they run. The last looks at what all others have heard.
    static let all: [Check] =
        launchAndHandshake + config + framing + metric + concurrency + confinement + push + exit
        + [badSources, everyMessage]
}

/// The reason why a check ends early.
enum Stop: Error {
    /// It cannot run, for this reason.
    case skip(String)
    /// The plugin cannot be started at all.
    case launch(LaunchError)
}
