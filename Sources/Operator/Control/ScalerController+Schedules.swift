import KubernetesClient
import ScalerAPI
import Scaling
import SystemIO

// Polls at the times at which schedules begin and end to be active.
extension ScalerController {
    /// How long after an edge a poll is due for it: the time of day and the clock that polls go by are not read at one
    /// moment, and a poll before the edge would be for nothing.
    static let edgeMargin: Duration = .milliseconds(1)
    /// Over how long the polls of one edge are spread: thousands of scalers may have the same.
    static let edgeSpread: Duration = .milliseconds(200)

    /// Has the scaler polled at the next edge of its schedules, unless it is due before that.
    ///
    /// Called at the end of each poll. An edge that came after the poll had decided is due at once. The clock may be set
    /// meanwhile: the next poll in the interval then reckons anew.
    func wakeForSchedules(_ state: ScalerState, _ key: ObjectKey) {
        guard case .success(let spec) = state.spec, !spec.schedules.isEmpty, let due = schedule.due(of: key) else {
            return
        }
        let now = dependencies.time.now()
        // Of a poll that could not decide, the next one may not be able to either.
        guard let edge = spec.schedules.nextEdge(after: state.decidedAt ?? now) else { return }
        let spread = Duration.microseconds(Int64(state.phase % UInt64(Self.edgeSpread.microsecondCount)))
        let wait = max(.zero, edge - now) + Self.edgeMargin + spread
        guard wait < due - dependencies.time.elapsed() else { return }
        schedule.set(key, due: dependencies.time.elapsed() + wait)
        alarm.ring()
    }
}
