/// The rules of the protocol that the host sees broken, by the number that the protocol's page gives them.
package enum ProtocolRule: Int, CaseIterable, Sendable {
    case initialize = 4
    case handshakeShape = 5
    case versionOffered = 6
    case metricTypes = 8
    case configSchema = 9
    case capabilities = 11
    case oneObjectPerLine = 13
    case utf8 = 14
    case responseShape = 15
    case oneAnswer = 16
    case longestAnswer = 17
    case readsOn = 24
    case validateShape = 26
    case readingShape = 33
    case finiteValue = 34
    case observedAt = 35
    case batch = 37
    case range = 38
    case deadline = 39
    case staysAlive = 42
    case subscribe = 60
    case pushedReading = 61
    case pushRate = 64
    case usefulReplicas = 68
    case activity = 70

    /// Such as `P-13`.
    package var label: String { "P-\(rawValue)" }
}
