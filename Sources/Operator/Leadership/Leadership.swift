import Synchronization

/// Whether this process may decide and write, at this very moment.
///
/// It depends only on the clock: a process that was paused past the end of its tenure
/// learns it from the first look, before any timer of its own has run.
final class Leadership: Sendable {
    /// A time in office. A process that lost it and got it back is in another.
    struct Term: Sendable, Hashable {
        fileprivate let number: Int
    }

    private struct State {
        var tenure: LeaseMachine.Tenure?
        var terms = 0
        var changed: (@Sendable () -> Void)?
    }

    /// Whether others may lead. Where not, this process does, always.
    let isShared: Bool
    private let state: Mutex<State>
    private let time: OperatorTime

    init(isShared: Bool, time: OperatorTime) {
        self.isShared = isShared
        self.time = time
        let forever: Duration = .seconds(Int64.max / 4)
        state = Mutex(
            isShared ? State() : State(tenure: LeaseMachine.Tenure(end: forever, leaseEnd: forever), terms: 1))
    }

    /// The term that is on; nil while this process does not lead.
    var term: Term? {
        state.withLock { state in
            guard let tenure = state.tenure, time.elapsed() < tenure.end else { return nil }
            return Term(number: state.terms)
        }
    }

    /// The maximum duration of a write that begins now: it ends before another replica may lead.
    var writeTime: Duration {
        state.withLock { state in max(.zero, (state.tenure?.leaseEnd ?? .zero) - time.elapsed()) }
    }

    /// Called whenever a term begins or ends, except for an end by time that has not been detected yet.
    func onChange(_ changed: @escaping @Sendable () -> Void) { state.withLock { $0.changed = changed } }

    /// - Returns: whether a term has begun or ended with it.
    @discardableResult
    func set(_ tenure: LeaseMachine.Tenure?) -> Bool {
        let (isChange, changed) = state.withLock { state in
            // One that ran out before it was renewed has ended, noticed or not: what comes now is another.
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
