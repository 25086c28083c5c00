/// Counters of one plugin since the start of the host.
package struct PluginCounters: Sendable, Hashable {
    /// Answers delivered to their caller, including errors.
    package var answers = 0
    /// Lines on stdout that are not a protocol message.
    package var rejectedLines = 0
    /// Answers to calls whose callers had stopped waiting.
    package var lateAnswers = 0
    /// Answers to calls that had already been answered.
    package var duplicateAnswers = 0
    /// Answers with an unknown call id.
    package var unknownAnswers = 0
    package var missedDeadlines = 0
    package var pushes = PushCounters()

    static func + (left: PluginCounters, right: PluginCounters) -> PluginCounters {
        PluginCounters(
            answers: left.answers + right.answers,
            rejectedLines: left.rejectedLines + right.rejectedLines,
            lateAnswers: left.lateAnswers + right.lateAnswers,
            duplicateAnswers: left.duplicateAnswers + right.duplicateAnswers,
            unknownAnswers: left.unknownAnswers + right.unknownAnswers,
            missedDeadlines: left.missedDeadlines + right.missedDeadlines,
            pushes: left.pushes + right.pushes
        )
    }
}

/// Pushed readings by outcome.
package struct PushCounters: Sendable, Hashable {
    package var passedOn = 0
    /// Replaced by a newer one before delivery.
    package var coalesced = 0
    /// Over the limit per second.
    package var excess = 0
    /// With an unknown subscription id.
    package var unknown = 0
    /// In violation of the protocol.
    package var invalid = 0

    static func + (left: PushCounters, right: PushCounters) -> PushCounters {
        PushCounters(
            passedOn: left.passedOn + right.passedOn,
            coalesced: left.coalesced + right.coalesced,
            excess: left.excess + right.excess,
            unknown: left.unknown + right.unknown,
            invalid: left.invalid + right.invalid
        )
    }
}
