/// Looks whether a plugin keeps some rules. What it finds it notes in the context; a rule with no finding is kept.
struct Check: Sendable {
    let rules: [RuleID]
    /// Rules that it can find broken, but cannot show to be kept.
    var alsoJudges: [RuleID] = []
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

/// Why a check ends early.
enum Stop: Error {
    /// It cannot run, for this reason.
    case skip(String)
    /// The plugin cannot be started at all.
    case launch(LaunchError)
}
