/// What can go wrong. A seed picks some of them, so that some worlds are rough in one way alone.
enum Fault: String, CaseIterable, Sendable {
    // Processes.
    case crash, restart
    // Watches.
    case watchCut, watchStalled, watchLate, watchDuplicated, watchReordered, compaction
    // Requests.
    case tooManyRequests, serverError, slow, requestLost, answerLost, lateArrival, partition
    // Clocks.
    case skew, clockJump
    // Plugins.
    case pluginDown, pluginHangs, pluginLies, noData
    // Other people.
    case edits, deletions, outsideScaling, labels, operatorPause

    /// How long an operator may go on without hearing of a change, where it is as fast as it promises to be.
    var blindness: Duration {
        switch self {
        // The watchdog cuts a silent watch after two to four minutes.
        case .watchStalled: .seconds(300)
        case .watchLate, .watchReordered: .seconds(25)
        // One refused or lost list after the other, each waited for, with up to 30 s between them.
        case .tooManyRequests, .serverError, .requestLost, .answerLost, .partition: .seconds(150)
        case .slow, .lateArrival: .seconds(60)
        case .watchCut, .compaction: .seconds(40)
        default: .zero
        }
    }
}
