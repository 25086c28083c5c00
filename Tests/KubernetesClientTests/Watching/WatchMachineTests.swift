import Testing

@testable import KubernetesClient

@Suite("The watch machine")
struct WatchMachineTests {
    private typealias Machine = WatchMachine

    private let expired = KubernetesError(.gone, "too old", status: 410)
    private let broken = KubernetesError(.unreachable, "gone")

    private func list(after delay: Duration = .zero, token: String? = nil, limit: Int? = 500) -> WatchMachine.Step {
        .init(delay: delay, action: .list(continueToken: token, limit: limit))
    }

    private func watch(_ version: String, after delay: Duration = .zero) -> WatchMachine.Step {
        .init(delay: delay, action: .watch(resourceVersion: version, timeoutSeconds: 450))
    }

    /// Returns the machine's step for each outcome in turn; every random number is 0.5.
    private func steps(_ machine: inout WatchMachine, _ outcomes: WatchMachine.Outcome...) -> [WatchMachine.Step] {
        outcomes.map { machine.next(after: $0, random: { 0.5 }) }
    }

    private func watching(_ version: String = "9") -> WatchMachine {
        var machine = WatchMachine()
        _ = steps(&machine, .page(resourceVersion: version, continueToken: nil))
        return machine
    }

    @Test("the watch machine lists page by page, then watches from the list's version")
    func pages() {
        var machine = WatchMachine()
        #expect(machine.start() == list())
        #expect(
            steps(
                &machine, .page(resourceVersion: "9", continueToken: "a"),
                .page(resourceVersion: "9", continueToken: "b"), .page(resourceVersion: "9", continueToken: nil))
                == [list(token: "a"), list(token: "b"), watch("9")])
    }

    @Test("a watch that ends normally is reopened immediately from the last event or bookmark")
    func cleanEnd() {
        var machine = watching()
        #expect(steps(&machine, .watchEnded(lasted: .seconds(400))) == [watch("9")])
        machine.advance(to: "12")
        #expect(steps(&machine, .watchEnded(lasted: .milliseconds(5))) == [watch("12")])
    }

    @Test("the server is asked to end watches after five to ten minutes", arguments: [0.0, 0.5, 0.999_999])
    func timeouts(draw: Double) {
        var machine = WatchMachine()
        let step = machine.next(after: .page(resourceVersion: "1", continueToken: nil), random: { draw })
        let seconds = [0.0: 300, 0.5: 450, 0.999_999: 600][draw]
        #expect(step.action == .watch(resourceVersion: "1", timeoutSeconds: seconds ?? 0))
    }

    @Test("watches that end immediately without events are retried with increasing delays, then listed")
    func shortWatches() {
        var machine = watching()
        let ended = WatchMachine.Outcome.watchEnded(lasted: .milliseconds(10))
        #expect(
            steps(&machine, ended, ended, ended, ended, ended) == [
                watch("9", after: .milliseconds(600)), watch("9", after: .milliseconds(1_200)),
                watch("9", after: .milliseconds(2_400)), watch("9", after: .milliseconds(4_800)),
                list(after: .milliseconds(9_600)),
            ])
    }

    @Test("a lost connection resumes with a growing delay, which a watch with events resets")
    func lostConnection() {
        var machine = watching()
        let lost = WatchMachine.Outcome.watchFailed(broken, lasted: .zero)
        #expect(
            steps(&machine, lost, lost) == [
                watch("9", after: .milliseconds(600)), watch("9", after: .milliseconds(1_200)),
            ])
        machine.advance(to: "10")
        #expect(steps(&machine, lost) == [watch("10", after: .milliseconds(600))])
        #expect(
            steps(&machine, .watchFailed(broken, lasted: .seconds(60))) == [watch("10", after: .milliseconds(600))])
    }

    @Test("the first 410 causes an immediate list, and repeated ones are delayed")
    func expiredVersion() {
        var machine = watching()
        let gone = WatchMachine.Outcome.watchFailed(expired, lasted: .zero)
        let page = WatchMachine.Outcome.page(resourceVersion: "20", continueToken: nil)
        #expect(
            steps(&machine, gone, page, gone, page, gone) == [
                list(), watch("20"), list(after: .milliseconds(600)), watch("20"), list(after: .milliseconds(1_200)),
            ])
        machine.advance(to: "21")
        #expect(steps(&machine, gone) == [list()])
    }

    @Test(
        "a watch error that resuming cannot fix leads to a new list",
        arguments: [
            KubernetesError.Kind.malformedAnswer, .tooLarge, .badRequest, .notFound, .invalid, .rejected,
        ])
    func desynchronized(kind: KubernetesError.Kind) {
        var machine = watching()
        let outcome = WatchMachine.Outcome.watchFailed(KubernetesError(kind, ""), lasted: .seconds(60))
        #expect(steps(&machine, outcome) == [list(after: .milliseconds(600))])
    }

    @Test(
        "a watch resumes after a transient error",
        arguments: [KubernetesError.Kind.timeout, .serverError, .unauthorized, .forbidden, .credentials])
    func resumable(kind: KubernetesError.Kind) {
        var machine = watching()
        let outcome = WatchMachine.Outcome.watchFailed(KubernetesError(kind, ""), lasted: .seconds(60))
        #expect(steps(&machine, outcome) == [watch("9", after: .milliseconds(600))])
    }

    @Test("an expired continue token restarts the list, and the third time without pages")
    func expiredToken() {
        var machine = WatchMachine()
        let page = WatchMachine.Outcome.page(resourceVersion: "9", continueToken: "a")
        let gone = WatchMachine.Outcome.listFailed(expired)
        #expect(
            steps(&machine, page, gone, page, gone, page, gone) == [
                list(token: "a"), list(), list(token: "a"), list(after: .milliseconds(600)), list(token: "a"),
                list(after: .milliseconds(1_200), limit: nil),
            ])
        #expect(
            steps(
                &machine, .page(resourceVersion: "9", continueToken: nil),
                .watchFailed(expired, lasted: .seconds(60))) == [watch("9"), list()])
    }

    @Test("failed lists are retried with delays that grow to thirty seconds, or as long as the server asks")
    func failingLists() {
        var machine = WatchMachine()
        let failed = WatchMachine.Outcome.listFailed(broken)
        let delays = (0..<8).map { _ in steps(&machine, failed)[0].delay }
        #expect(delays.prefix(3) == [.milliseconds(600), .milliseconds(1_200), .milliseconds(2_400)])
        #expect(delays.suffix(2) == [.milliseconds(22_500), .milliseconds(22_500)])
        let busy = KubernetesError(.tooManyRequests, "", status: 429, retryAfter: .seconds(90))
        #expect(steps(&machine, .listFailed(busy)) == [list(after: .seconds(90))])
    }

    @Test("jitter spreads a delay from half of it to the full delay")
    func jitter() {
        let backoff = Backoff(base: .seconds(1), cap: .seconds(10))
        #expect(backoff.delay(attempt: 0, random: 0) == .milliseconds(500))
        #expect(backoff.delay(attempt: 2, random: 1) == .seconds(4))
        #expect(backoff.delay(attempt: 1_000_000, random: 1) == .seconds(10))
    }
}
