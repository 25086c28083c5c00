/// The rules of the plugin protocol by name; the raw value is the number on the protocol page.
///
/// A rule keeps its number: a new one comes last here, and in the rule book in its group.
package enum RuleID: Int, CaseIterable, Sendable, Hashable {
    // Launch
    case fileName = 1
    case bareStart
    case oneshot
    // Handshake
    case initialize
    case handshakeShape
    case versionOffered
    case noCommonVersion
    case metricTypes
    case configSchema
    case secretFields
    case capabilities
    case unknownMembers
    // Framing
    case oneObjectPerLine
    case utf8
    case responseShape
    case oneAnswer
    case longestAnswer
    case longestRequest
    case escapedText
    case unknownMethod
    case notifications
    case errorShape
    case secretsUnseen
    case readsOn
    case standardError
    // Config
    case validateShape
    case goodConfig
    case badConfig
    case unknownKey
    case schemaHolds
    case noNetwork
    case refusedConfig
    // Metric
    case readingShape
    case finiteValue
    case observedAt
    case targetTypes
    case batch
    case range
    // Concurrency and time
    case deadline
    case inFlight
    case cancel
    case staysAlive
    case boundedResources
    // Exit
    case endOfInput
    case shutdown
    case terminate
    case nothingLeft
    // Confinement
    case confined
    case otherProcesses
    case secretsInCalls
    // Duties of the host
    case hostIDs
    case hostLines
    case hostInFlight
    case hostForgives
    case hostDeadlines
    case hostStops
    case hostRestarts
    case hostTrusts
    case hostSwaps
    // Push
    case subscribe
    case pushedReading
    case onlySubscribed
    case unsubscribe
    case pushRate
    case subscriptionEnds
    case hostPushes
    // Later rules of the groups above
    case filledFields
    case usefulReplicas
    case internalErrors
    case activity

    /// `P-17`.
    package var label: String { "P-\(rawValue)" }

    /// - Parameter label: `P-17` in any case, or `17`.
    package init?(label: String) {
        let digits = label.lowercased().hasPrefix("p-") ? label.dropFirst(2) : label[...]
        guard let number = Int(digits), let rule = RuleID(rawValue: number) else { return nil }
        self = rule
    }
}
