import KubernetesClient
import ScalerAPI
import Scaling
import SystemIO

// Polls at the times at which schedules begin and end to be active.
extension ScalerController {
    /// The time from an edge to its poll. The time of day and the clock of the due times are not read at one moment, and a
    /// poll before the edge would decide by the old values.
    static let edgeMargin: Duration = .milliseconds(1)
    /// The time over which the polls of one edge are spread: thousands of scalers may have the same edge.
    static let edgeSpread: Duration = .milliseconds(200)

    /// The maximum age of the readings that a decision at an edge uses: what the default polling interval gives. With a longer
    /// interval, other targets would be compared with the load of long ago, and a forecast would learn it as the present one.
    static let edgeReadingAge: Duration = GeneralScalerSpec.defaultPollingInterval

    /// Schedules a poll at the next edge of the scaler's schedules, unless one is due before that.
    ///
    /// Called at the end of each poll. An edge that came after the poll had decided is due at once. If the clock is set
    /// in between, the next poll of the interval corrects the due time.
    func wakeForSchedules(_ state: ScalerState, _ key: ObjectKey) {
        guard case .success(let spec) = state.spec, !spec.schedules.isEmpty, let due = schedule.due(of: key) else {
            return
        }
        let now = dependencies.time.now()
        // If the poll could not decide, a poll for an edge of the past may not be able to either.
        guard let edge = spec.schedules.nextEdge(after: state.decidedAt ?? now) else { return }
        let spread = Duration.microseconds(Int64(state.phase % UInt64(Self.edgeSpread.microsecondCount)))
        let wait = max(.zero, edge - now) + Self.edgeMargin + spread
        guard wait < due - dependencies.time.elapsed() else { return }
        schedule.set(key, due: dependencies.time.elapsed() + wait)
        state.isDueForEdge = true
        wakeUp.signal()
    }
}
