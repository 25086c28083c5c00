/// The kinds of faults. A seed selects some of them, so that some environments have a single kind.
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
    // Other clients.
    case edits, deletions, outsideScaling, labels, operatorPause

    /// How long an operator may take to detect a change under this fault, if it is as fast as it promises.
    var blindness: Duration {
        switch self {
        // The watchdog cancels a silent watch after two to four minutes.
        case .watchStalled: .seconds(300)
        case .watchLate, .watchReordered: .seconds(25)
        // Several refused or lost lists in sequence, with delays of up to 30 s.
        case .tooManyRequests, .serverError, .requestLost, .answerLost, .partition: .seconds(150)
        case .slow, .lateArrival: .seconds(60)
        case .watchCut, .compaction: .seconds(40)
        default: .zero
        }
    }
}
