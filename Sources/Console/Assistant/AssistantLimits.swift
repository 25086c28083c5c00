/// The limits of the server for assistants.
package enum AssistantLimits {
    /// Bytes of a message, which may have a spec.
    package static let lineBytes = 1 << 20
    /// Values of a message.
    static let messageNodes = 20_000
    /// Calls of tools in progress.
    static let callsAtOnce = 8
    /// The time of a call, after which it fails.
    static let callTime: Duration = .seconds(60)
    /// Bytes of the answer of a tool, which an assistant reads whole.
    static let answerBytes = 128 << 10
    /// Scalers in one answer.
    static let scalers = 1...200
    static let defaultScalers = 50
    /// Decisions in one answer.
    static let decisions = 1...200
    static let defaultDecisions = 50
    /// The latest decisions, and readings of each metric, in an explanation.
    static let recentDecisions = 10
    static let recentReadings = 10
    /// Differences in the answer of a simulation.
    static let differences = 20
    /// Fields that a simulation changes one by one.
    static let changes = 50
    /// How long a client may keep the list of tools, which is the same as long as the process lives.
    static let listMilliseconds = 3_600_000
    /// Characters of a client's text in an error.
    static let quotedCharacters = 100
}
