/// The subject of a rule: a section of the protocol page.
package enum RuleGroup: String, CaseIterable, Sendable {
    case launch
    case handshake
    case framing
    case config
    case metric
    case concurrency
    case exit
    case confinement
    case host
    case push

    /// The heading.
    package var title: String {
        switch self {
        case .launch: "Launch"
        case .handshake: "Handshake"
        case .framing: "Framing"
        case .config: "Config"
        case .metric: "Metric"
        case .concurrency: "Concurrency and time"
        case .exit: "Exit"
        case .confinement: "Confinement"
        case .host: "Host behavior"
        case .push: "Push"
        }
    }
}
