import WireFormats

/// One version of a scaler's spec on the API server.
struct ScalerVersion {
    let name: String
    let uid: String
    /// The creation time as written by the API server.
    let created: String
    let plan: ScalerPlan
    let since: Int64
    var until: Int64?

    func stood(in window: ClosedRange<Int64>) -> Bool {
        since <= window.upperBound && until ?? .max >= window.lowerBound
    }
}

/// A reading that a plugin returned to an operator.
struct ServedReading {
    let replica: String
    let startedAt: Int64
    let at: Int64
    /// The value; nil if there was none, or it is not finite.
    let value: Double?
    /// The time reported by the plugin, in microseconds since 1970.
    let observedAt: Int64
}

/// A scale operation that was recorded before it was performed.
struct PendingScale {
    let replica: String
    let scaler: String
    let uid: String
    let from: Int
    let to: Int
    /// Microseconds since 1970, by the operator's wall clock.
    let at: Int64
    /// When the operator sent it.
    let sentAt: Int64
    var isUsed = false

    func isSame(as other: PendingScale) -> Bool {
        (replica, at, from, to) == (other.replica, other.at, other.from, other.to)
    }

    /// Reads the pending scale; nil if the status has none.
    init?(_ object: JSON, replica: String, sentAt: Int64) {
        guard let pending = object["status"]?["pendingScale"], let from = pending["from"]?.intValue,
            let to = pending["to"]?.intValue, let at = pending["at"]?.stringValue.flatMap(RFC3339.microseconds),
            let name = object["metadata"]?["name"]?.stringValue, let uid = object["metadata"]?["uid"]?.stringValue
        else { return nil }
        (self.replica, self.sentAt, self.from, self.to, self.at) = (replica, sentAt, from, to, at)
        (scaler, self.uid) = (name, uid)
    }
}

/// A scale patch that the API server accepted.
struct AcceptedScale {
    let time: Int64
    let sentAt: Int64
    let replica: String
    let target: String
    let from: Int
    let to: Int
    let pending: PendingScale
    /// Whether the next decision must take it into account: its response was awaited and recorded.
    var isKnown: Bool
    /// Whether its decision has to wait for cooldowns, and starts them.
    var startsCooldown = true

    var isUp: Bool { to > from }
    /// The latest possible time of its decision.
    var decidedBy: Int64 { pending.sentAt }
}
