import PluginHost
import PluginProtocol
import Scaling

/// What is shown of a trial, row by row.
struct TrialTable {
    enum News: Sendable {
        case reading(Result<MetricReading, PluginFailure>)
        /// Of the Deployment.
        case replicas(wanted: Int, ready: Int)
        /// Of the GeneralScaler: why it has scaled, and why it does not.
        case status(reason: String?, problem: String?)
    }

    static let header = "  time       value  replicas  ready  decision"

    /// What one replica handles, or the value for one.
    private let target: Double
    private var isBelowTarget = false
    private var value = ""
    private var failure: String?
    private var replicas: (wanted: Int, ready: Int)?
    private var reason: String?
    private var problem: String?

    init(target: Double) { self.target = target }

    /// Takes news.
    ///
    /// - Parameter seconds: since the start.
    /// - Returns: a row; nil if there is nothing to show.
    mutating func take(_ news: News, at seconds: Int) -> String? {
        switch news {
        case .reading(.success(let reading)):
            value = reading.value.shortText
            failure = nil
            let wasBelowTarget = isBelowTarget
            isBelowTarget = reading.value <= target
            return row(seconds, isBelowTarget && !wasBelowTarget ? belowTarget : "")
        case .reading(.failure(let error)):
            value = "-"
            let text = error.description
            defer { failure = text }
            return row(seconds, text == failure ? "" : text)
        case .replicas(let wanted, let ready):
            guard replicas?.wanted != wanted || replicas?.ready != ready else { return nil }
            replicas = (wanted, ready)
            return row(seconds, "")
        case .status(let reason, let problem):
            let isNew = reason != self.reason || problem != self.problem
            (self.reason, self.problem) = (reason, problem)
            guard isNew, let text = problem ?? reason else { return nil }
            return row(seconds, text)
        }
    }

    /// Why a value at which nothing happens asks for no replicas.
    private var belowTarget: String {
        "1 replica is enough up to the target \(target.shortText); a value above it scales up"
    }

    private func row(_ seconds: Int, _ note: String) -> String {
        let cells = [
            ("\(seconds)s", 6), (value, 12), (replicas.map { "\($0.wanted)" } ?? "", 10),
            (replicas.map { "\($0.ready)" } ?? "", 7),
        ]
        let text = cells.map { String(repeating: " ", count: max(0, $1 - $0.count)) + $0 }.joined()
        return note.isEmpty ? text : "\(text)  \(note)"
    }
}
