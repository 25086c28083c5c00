import Synchronization
import SystemIO

/// Whether this process may decide and write at the current moment.
///
/// The result depends only on the clock: after a pause of the process past the end of its tenure, the first check
/// detects it, before any timer has fired.
final class Leadership: Sendable {
    /// A period of leadership. A process that lost leadership and regained it is in a new term.
    struct Term: Sendable, Hashable {
        fileprivate let number: Int
    }

    private struct State {
        var tenure: LeaseMachine.Tenure?
        var terms = 0
        var changed: (@Sendable () -> Void)?
    }

    /// Whether other replicas may lead. If not, this process always leads.
    let isShared: Bool
    private let state: Mutex<State>
    private let time: TimeSource

    init(isShared: Bool, time: TimeSource) {
        self.isShared = isShared
        self.time = time
        let forever: Duration = .seconds(Int64.max / 4)
        state = Mutex(
            isShared ? State() : State(tenure: LeaseMachine.Tenure(end: forever, leaseEnd: forever), terms: 1))
    }

    /// The current term; nil while this process is not the leader.
    var term: Term? {
        state.withLock { state in
            guard let tenure = state.tenure, time.elapsed() < tenure.end else { return nil }
            return Term(number: state.terms)
        }
    }

    /// The maximum duration of a write that begins now, which ends before another replica may lead.
    var writeTime: Duration {
        state.withLock { state in max(.zero, (state.tenure?.leaseEnd ?? .zero) - time.elapsed()) }
    }

    /// Sets the handler for the beginning and end of a term, except for an expiry that has not been detected yet.
    func onChange(_ changed: @escaping @Sendable () -> Void) { state.withLock { $0.changed = changed } }

    /// - Returns: whether a term has begun or ended.
    @discardableResult
    func set(_ tenure: LeaseMachine.Tenure?) -> Bool {
        let (isChange, changed) = state.withLock { state in
            // A term that expired before its renewal has ended, detected or not; a new term begins.
            let wasLeading = state.tenure.map { time.elapsed() < $0.end } ?? false
            let isChange = wasLeading ? tenure == nil : state.tenure != tenure
            if !wasLeading, tenure != nil { state.terms += 1 }
            state.tenure = tenure
            return (isChange, state.changed)
        }
        if isChange { changed?() }
        return isChange
    }
}
