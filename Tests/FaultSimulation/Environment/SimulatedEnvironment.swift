import ClusterSimulator
import HTTPTransport
import KubernetesClient
import Logging
import Operator
import ScalerAPI
import WireFormats

/// A cluster with a few scalers and operators, in which everything goes wrong for a while, and then nothing any more.
/// One seed decides all of it: what there is, what happens, and which task runs next.
///
/// Not thread-safe: all code of the simulation runs on one thread, see ``JobQueue``.
final class SimulatedEnvironment {
    /// Jobs in one moment of simulated time after which something runs in circles.
    private static let jobsPerMoment = 200_000
    /// From the end of the faults to the end of the environment.
    private static let quiescence: Duration = .seconds(100)
    /// As Kubernetes' own components have them, but for fewer renewals: they are most of what happens in a quiet environment.
    private static let leaseTimes =
        (try? LeaseTimes(duration: .seconds(15), renewDeadline: .seconds(10), retryPeriod: .seconds(4))) ?? .standard
    /// How long an operator may take to end once it is told to.
    static let endingTime: Duration = .seconds(60)

    let seed: UInt64
    let dice: Dice
    let timeline: Timeline
    let trace = Trace()
    let plan: FaultPlan
    let cluster: Cluster
    let checker: InvariantChecker
    private let defect: PlantedDefect?
    private let logger: Logger
    private let hasElection: Bool

    let scalers: [String]
    let targets: [String]
    let seriesNames: [String]
    var series: [String: Series] = [:]
    /// Where an operator runs; nil between a crash and the next start.
    var slots: [Replica?] = []
    private var launches = 0
    /// Every operator that has not ended yet.
    private var alive: [Replica] = []
    private var remains: [Remains] = []
    /// By slot: until when nothing gets through to the API server.
    var cutUntil: [Int64] = []
    var pluginDownUntil: Int64?
    /// By series: until when there is no data.
    var emptyUntil: [String: Int64] = [:]
    var jobsUntilCrash: (slot: Int, jobs: Int)?
    private(set) var isStormy = true
    private(set) var jobs = 0

    init(seed: UInt64, only faults: [Fault], defect: PlantedDefect?, logsIntoTrace: Bool) throws {
        self.seed = seed
        self.defect = defect
        dice = Dice(seed: seed)
        timeline = Timeline(dice: dice)
        plan = FaultPlan(dice, only: faults)
        cluster = try Cluster(timeline)
        scalers = (1...dice.within(1...4)).map { "scaler-\($0)" }
        targets = (1...dice.within(1...3)).map { "app-\($0)" }
        seriesNames = (1...dice.within(1...4)).map { "s\($0)" }
        for (index, name) in seriesNames.enumerated() { series[name] = .random(index + 1, dice) }
        slots = Array(repeating: nil, count: dice.pick([1, 1, 2, 2, 3]))
        cutUntil = Array(repeating: 0, count: slots.count)
        hasElection = slots.count > 1 || dice.chance(percent: 60)
        checker = InvariantChecker(timeline, trace, plan, cluster)
        let sink = TraceLog(timeline, trace)
        logger = Logger(label: "operator") { _ in
            if logsIntoTrace { return TraceLogHandler(sink) as any LogHandler }
            return SwiftLogNoOpLogHandler()
        }
    }

    // MARK: A life

    /// - Returns: what went wrong; nil if nothing did.
    func run() -> Violation? {
        populate()
        scheduleEvents()
        let faultPhase = timeline.now + Timeline.microseconds(plan.faultPhase)
        pass(until: faultPhase)
        endFaultPhase()
        pass(until: faultPhase + Timeline.microseconds(Self.quiescence))
        checker.judgeCalm(scalers: scalers, end: timeline.now)
        end()
        if checker.violation != nil { abandon() }
        return checker.violation
    }

    private func populate() {
        for name in targets { cluster.create(deployment: name, replicas: dice.within(0...6)) }
        for name in scalers { create(scaler: name, newPlan()) }
        for slot in slots.indices {
            timeline.after(dice.duration(0...5_000)) { [unowned self] in launch(slot) }
        }
    }

    /// Lets time pass, job by job and event by event, until then or until something is wrong.
    private func pass(until end: Int64) {
        var jobsNow = 0
        while checker.violation == nil {
            if JobQueue.runOne(dice.below) {
                jobs += 1
                jobsNow += 1
                crashWhereDue()
                if jobsNow > Self.jobsPerMoment { checker.note("\(jobsNow) jobs ran and no time passed") }
                continue
            }
            let server = cluster.api.nextDeadline.map { max($0 - SimulatedClock.epoch, timeline.now) } ?? .max
            let next = min(timeline.next ?? .max, server)
            guard next <= end else { break }
            if next > timeline.now { jobsNow = 0 }
            if server == next {
                timeline.skip(to: server)
                cluster.api.advance()
                pumpWatches()
            } else {
                timeline.step()
            }
            buryTheDead()
        }
        if checker.violation == nil, end > timeline.now { timeline.skip(to: end) }
    }

    /// Has the watches take what the API server has to say: to be called after all that changes an object.
    func pumpWatches() {
        for replica in alive { for pipe in replica.network.openPipes { pipe.pump() } }
    }

    /// Ends the fault phase: no more faults are injected, and present ones end.
    private func endFaultPhase() {
        isStormy = false
        trace.add(timeline.now, "environment", "quiescence")
        cutUntil = cutUntil.map { _ in 0 }
        setPause(false)
        for replica in alive where !replica.isEnding {
            replica.clock.set(offset: .zero)
            replica.network.breakCalls()
            for pipe in replica.network.openPipes where pipe.isStalled { pipe.cut() }
        }
        // All ask for more, so that all have something to do.
        series = series.mapValues { $0.askingForMore }
        for slot in slots.indices where slots[slot] == nil { launch(slot) }
        checker.quiescenceBegan(leader: cluster.leader, hasElection: hasElection)
    }

    private func end() {
        for replica in alive where !replica.isEnding { replica.stop() }
        slots = slots.map { _ in nil }
        let limit = timeline.now + Timeline.microseconds(Self.endingTime)
        while checker.violation == nil, timeline.now < limit,
            !alive.isEmpty || remains.contains(where: { $0.unfinished != nil })
        {
            pass(until: timeline.now + 1_000_000)
        }
        if let replica = alive.first { checker.note("\(replica.name) was told to end and has not") }
        guard checker.violation == nil else { return }
        checker.judgeRemains(remains)
    }

    /// Ends what still runs after something has broken, so that the next environment finds no job of this one.
    private func abandon() {
        for replica in alive { replica.kill() }
        var rest = Self.jobsPerMoment
        while rest > 0, JobQueue.runOne({ _ in 0 }) { rest -= 1 }
        timeline.removeAll()
    }

    // MARK: Operators

    func launch(_ slot: Int) {
        if let old = slots[slot], !old.isEnding { return }
        launches += 1
        let name = "operator-\(slot + 1).\(launches)"
        trace.add(timeline.now, "environment", "start \(name)")
        let clock = SimulatedClock(timeline)
        if isStormy, plan.has(.skew) { clock.set(offset: .seconds(dice.within(-40...40))) }
        let network = SimulatedNetwork(name, timeline, dependencies(slot, name))
        checker.started(name, clock)
        let source = SimulatedSource(
            timeline, clock, answer: { [unowned self] in answer(of: $0, to: name) },
            answered: { [unowned self] in checker.answered($0, to: name, startedAt: $1, $2) })
        let election = LeaderElection(
            lease: ObjectKey(namespace: Cluster.namespace, name: Cluster.lease), times: Self.leaseTimes)
        let replica = Replica(
            name,
            Replica.Parts(
                clock: clock, network: network, source: source, election: hasElection ? election : nil,
                pause: ObjectKey(namespace: Cluster.namespace, name: Cluster.pause), defect: defect,
                random: { [dice] in dice.fraction() }, logger: logger))
        slots[slot] = replica
        alive.append(replica)
        replica.start()
    }

    private func dependencies(_ slot: Int, _ name: String) -> SimulatedNetwork.Dependencies {
        SimulatedNetwork.Dependencies(
            fate: { [unowned self] in fate(of: $0) },
            watchFate: { [unowned self] in watchFate() },
            isCut: { [unowned self] in cutUntil[slot] > timeline.now },
            sends: { [unowned self] in checker.sent($0, by: name, hasElection: hasElection) },
            serve: { [unowned self] request, sentAt, isAwaited in
                defer { pumpWatches() }
                return checker.serve(request, from: name, sentAt: sentAt, isAwaited: isAwaited)
            },
            arrivesAfterDeath: { [unowned self] in dice.chance(percent: 50) })
    }

    private func crashWhereDue() {
        guard let (slot, jobs) = jobsUntilCrash else { return }
        jobsUntilCrash = jobs == 0 ? nil : (slot, jobs - 1)
        guard jobs == 0, isStormy, let replica = slots[slot], !replica.isEnding else { return }
        trace.add(timeline.now, "environment", "kill \(replica.name)")
        replica.kill()
        slots[slot] = nil
        timeline.after(dice.duration(100...30_000)) { [unowned self] in launch(slot) }
    }

    private func buryTheDead() {
        guard alive.contains(where: \.isOver) else { return }
        for replica in alive where replica.isOver {
            if !replica.isEnding {
                let why = replica.failure.map { "\($0)" } ?? "no error"
                checker.note("\(replica.name) ended though nobody told it to: \(why)")
            }
            remains.append(Remains(replica))
        }
        for index in slots.indices where slots[index]?.isOver == true { slots[index] = nil }
        alive.removeAll(where: \.isOver)
    }
}
