/// Decides how to keep a view of a collection current. Pure: a shell performs each ``Step`` and tells how it went.
///
/// ```
///            +--- more pages ---+
///            v                  |
///   start -> list --------------+
///            |  ^
///  last page |  | 410, a malformed answer, or too many failures in a row
///            v  |
///            watch <--+
///              |      | the end of the stream: at once; a failure: after a delay
///              +------+
/// ```
///
/// - A list that fails starts again from its first page; if its continue token keeps expiring, without pages.
/// - A watch continues from the last resourceVersion that an event or a bookmark has brought.
/// - Delays double with each failure in a row. What ends the row is a watch that brings something or lasts: a list
///   alone does not, or list and 410 could chase each other without pause.
///
/// Modelled on client-go's reflector and kube-rs's watcher.
package struct WatchMachine: Sendable {
    package enum Action: Sendable, Hashable {
        /// Lists one page.
        ///
        /// - Parameter limit: nil for the complete list in one page.
        case list(continueToken: String?, limit: Int?)
        case watch(resourceVersion: String, timeoutSeconds: Int)
    }

    package struct Step: Sendable, Hashable {
        /// The delay before the action.
        package let delay: Duration
        package let action: Action
    }

    package enum Outcome: Sendable, Hashable {
        case page(resourceVersion: String, continueToken: String?)
        case listFailed(KubernetesError)
        /// The server ended the stream normally.
        case watchEnded(lasted: Duration)
        case watchFailed(KubernetesError, lasted: Duration)
    }

    private var resourceVersion = ""
    private var failures = 0
    private var expiredLists = 0
    private var watchBroughtSomething = false

    package init() {}

    package func start() -> Step { list(after: .zero) }

    /// Records that an event or bookmark of the running watch has been processed.
    package mutating func advance(to resourceVersion: String) {
        self.resourceVersion = resourceVersion
        watchBroughtSomething = true
        failures = 0
    }

    /// - Parameter random: uniform in 0..<1.
    package mutating func next(after outcome: Outcome, random: () -> Double) -> Step {
        switch outcome {
        case .page(_, let token?):
            return Step(delay: .zero, action: .list(continueToken: token, limit: limit))
        case .page(let resourceVersion, nil):
            self.resourceVersion = resourceVersion
            expiredLists = 0
            return watch(after: .zero, random: random)
        case .listFailed(let error):
            if error.kind == .gone { expiredLists += 1 }
            return list(after: delay(after: error, random: random))
        case .watchEnded(let lasted):
            if isHealthy(lasted) { return watch(after: .zero, random: random) }
            let error = KubernetesError(.unreachable, "the watch ended immediately without events")
            return resume(after: error, random: random)
        case .watchFailed(let error, let lasted):
            if isHealthy(lasted) { failures = 0 }
            return resume(after: error, random: random)
        }
    }

    private var limit: Int? {
        expiredLists > KubernetesLimits.expiredListRestarts ? nil : KubernetesLimits.pageSize
    }

    private func isHealthy(_ lasted: Duration) -> Bool {
        watchBroughtSomething || lasted >= KubernetesLimits.shortestHealthyWatch
    }

    private mutating func resume(after error: KubernetesError, random: () -> Double) -> Step {
        let delay = delay(after: error, random: random)
        return error.allowsResume && failures < KubernetesLimits.failedResumes
            ? watch(after: delay, random: random) : list(after: delay)
    }

    /// Counts the failure and returns the delay. The first 410 has no delay, because it is a normal consequence of
    /// compaction.
    private mutating func delay(after error: KubernetesError, random: () -> Double) -> Duration {
        defer { failures += 1 }
        let attempt = error.kind == .gone ? failures - 1 : failures
        let delay = attempt < 0 ? .zero : KubernetesLimits.watchBackoff.delay(attempt: attempt, random: random())
        return max(delay, error.retryAfter ?? .zero)
    }

    private func list(after delay: Duration) -> Step {
        Step(delay: delay, action: .list(continueToken: nil, limit: limit))
    }

    private mutating func watch(after delay: Duration, random: () -> Double) -> Step {
        watchBroughtSomething = false
        let range = KubernetesLimits.watchTimeoutSeconds
        let seconds = range.lowerBound + Int(random() * Double(range.count))
        return Step(
            delay: delay,
            action: .watch(resourceVersion: resourceVersion, timeoutSeconds: min(seconds, range.upperBound)))
    }
}

extension KubernetesError {
    /// Whether the same watch may succeed later.
    fileprivate var allowsResume: Bool {
        switch kind {
        case .timeout, .unreachable, .serverError, .tooManyRequests, .unauthorized, .forbidden, .credentials,
            .cancelled:
            true
        case .badRequest, .notFound, .alreadyExists, .conflict, .gone, .invalid, .rejected, .tooLarge, .malformedAnswer:
            false
        }
    }
}
