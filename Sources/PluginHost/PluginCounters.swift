/// What is counted of one plugin since the host began.
package struct PluginCounters: Sendable, Hashable {
    /// Answers that reached their caller, errors among them.
    package var answers = 0
    /// Lines on stdout that are no protocol message.
    package var rejectedLines = 0
    /// Answers to calls whose callers had stopped waiting.
    package var lateAnswers = 0
    /// Answers to calls that had been answered.
    package var duplicateAnswers = 0
    /// Answers to calls that nobody made.
    package var unknownAnswers = 0
    package var missedDeadlines = 0

    static func + (left: PluginCounters, right: PluginCounters) -> PluginCounters {
        PluginCounters(
            answers: left.answers + right.answers,
            rejectedLines: left.rejectedLines + right.rejectedLines,
            lateAnswers: left.lateAnswers + right.lateAnswers,
            duplicateAnswers: left.duplicateAnswers + right.duplicateAnswers,
            unknownAnswers: left.unknownAnswers + right.unknownAnswers,
            missedDeadlines: left.missedDeadlines + right.missedDeadlines
        )
    }
}
