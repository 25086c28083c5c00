import WireFormats

/// One version of a scaler's spec, as it stood on the API server.
struct ScalerVersion {
    let name: String
    let uid: String
    /// As the API server wrote it.
    let created: String
    let plan: ScalerPlan
    let since: Int64
    var until: Int64?

    func stood(in window: ClosedRange<Int64>) -> Bool {
        since <= window.upperBound && until ?? .max >= window.lowerBound
    }
}

/// What a plugin told an operator.
struct ServedReading {
    let replica: String
    let startedAt: Int64
    let at: Int64
    /// Nil if there was none, or it is not a finite number.
    let value: Double?
    /// Microseconds since 1970, as the plugin says.
    let observedAt: Int64
}

/// A scale operation that was recorded before it was carried out.
struct PendingScale {
    let replica: String
    let scaler: String
    let uid: String
    let from: Int
    let to: Int
    /// Microseconds since 1970, by the clock on the operator's wall.
    let at: Int64
    /// When the operator sent it.
    let sentAt: Int64
    var isUsed = false

    func isSame(as other: PendingScale) -> Bool {
        (replica, at, from, to) == (other.replica, other.at, other.from, other.to)
    }

    /// Nil if the status has none.
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
    /// The next decision must take it into account: it was awaited, and recorded when it came.
    var isKnown: Bool
    /// Its decision has to wait for cooldowns, and starts them.
    var startsCooldown = true

    var isUp: Bool { to > from }
    /// When it was decided at the latest.
    var decidedBy: Int64 { pending.sentAt }
}
