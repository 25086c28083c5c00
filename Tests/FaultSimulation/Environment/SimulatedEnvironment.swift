import ClusterSimulator
import HTTPTransport
import KubernetesClient
import Logging
import Operator
import ScalerAPI
import WireFormats

/// A cluster with a few scalers and operators, with a fault phase followed by quiescence. One seed determines
/// everything: the objects, the events, and the order of tasks.
///
/// Not thread-safe: all code of the simulation runs on one thread, see ``JobQueue``.
final class SimulatedEnvironment {
    /// The number of jobs at one simulated time that indicates an endless loop.
    private static let jobsPerMoment = 200_000
    /// The duration from the end of the faults to the end of the environment.
    private static let quiescence: Duration = .seconds(100)
    /// The defaults of the Kubernetes components, with fewer renewals, which dominate a quiet environment.
    private static let leaseTimes =
        (try? LeaseTimes(duration: .seconds(15), renewDeadline: .seconds(10), retryPeriod: .seconds(4))) ?? .standard
    /// How long an operator may take to end after a request to stop.
    static let endingTime: Duration = .seconds(60)

    let seed: UInt64
    let random: RandomSource
    let timeline: Timeline
    let trace = Trace()
    let plan: FaultPlan
    let cluster: Cluster
    let checker: InvariantChecker
    private let defect: PlantedDefect?
    private let logger: Logger
    private let hasElection: Bool
    let budgetRandom: RandomSource

    let scalers: [String]
    let targets: [String]
    let seriesNames: [String]
    var series: [String: Series] = [:]
    /// The operator in each slot; nil between a crash and the next start.
    var slots: [Replica?] = []
    private var launches = 0
    /// Operators that have not ended.
    private var alive: [Replica] = []
    private var leftovers: [Leftovers] = []
    /// By slot: the time until which the API server is unreachable.
    var cutUntil: [Int64] = []
    var pluginDownUntil: Int64?
    /// By series: the time until which there is no data.
    var emptyUntil: [String: Int64] = [:]
    var jobsUntilCrash: (slot: Int, jobs: Int)?
    var lateScale = LateScale.none
    private(set) var isStormy = true
    private(set) var jobs = 0

    init(seed: UInt64, only faults: [Fault], defect: PlantedDefect?, logsIntoTrace: Bool) throws {
        self.seed = seed
        self.defect = defect
        random = RandomSource(seed: seed)
        timeline = Timeline(random: random)
        plan = FaultPlan(random, only: faults)
        cluster = try Cluster(timeline)
        let (scalerCount, targetCount) = (random.within(1...4), random.within(1...3))
        let isShared = Self.hasBudgets(seed)
        scalers = (1...(isShared ? max(scalerCount, 2) : scalerCount)).map { "scaler-\($0)" }
        targets = (1...(isShared ? scalers.count : targetCount)).map { "app-\($0)" }
        budgetRandom = Self.budgetRandom(seed)
        seriesNames = (1...random.within(1...4)).map { "s\($0)" }
        for (index, name) in seriesNames.enumerated() { series[name] = .random(index + 1, random) }
        slots = Array(repeating: nil, count: random.pick([1, 1, 2, 2, 3]))
        cutUntil = Array(repeating: 0, count: slots.count)
        hasElection = slots.count > 1 || random.chance(percent: 60)
        checker = InvariantChecker(timeline, trace, plan, cluster)
        let sink = TraceLog(timeline, trace)
        logger = Logger(label: "operator") { _ in
            if logsIntoTrace { return TraceLogHandler(sink) as any LogHandler }
            return SwiftLogNoOpLogHandler()
        }
    }

    // MARK: A life

    /// - Returns: the violation, if any.
    func run() throws -> Violation? {
        populate()
        if hasBudgets { try createBudgets() }
        scheduleEvents()
        let faultPhase = timeline.now + Timeline.microseconds(plan.faultPhase)
        pass(until: faultPhase)
        endFaultPhase()
        pass(until: faultPhase + Timeline.microseconds(Self.quiescence))
        checker.checkQuiescence(scalers: scalers, end: timeline.now)
        if checker.violation == nil, hasBudgets {
            passBudgets()
        } else if checker.violation == nil, endsWithHandover {
            passHandover()
        }
        end()
        if checker.violation != nil { abandon() }
        return checker.violation
    }

    private func populate() {
        for name in targets {
            let replicas = random.within(0...6)
            cluster.create(deployment: name, replicas: replicas)
            checker.targetCreated(name, replicas)
        }
        for name in scalers { create(scaler: name, newPlan(of: name)) }
        for slot in slots.indices {
            timeline.after(random.duration(0...5_000)) { [unowned self] in launch(slot) }
        }
    }

    /// Advances time, job by job and event by event, until the given time or a violation.
    func pass(until end: Int64) {
        var jobsNow = 0
        while checker.violation == nil {
            if JobQueue.runOne(random.below) {
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

    /// Delivers pending events to watches. Call this after each change of an object.
    func pumpWatches() {
        for replica in alive { for pipe in replica.network.openPipes { pipe.pump() } }
    }

    /// Ends the fault phase: no more faults are injected, and current ones end.
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
        // All metrics require more, so that every scaler has something to do.
        series = series.mapValues { $0.askingForMore }
        for slot in slots.indices where slots[slot] == nil { launch(slot) }
        checker.quiescenceBegan(leader: cluster.leader, hasElection: hasElection)
    }

    private func end() {
        for replica in alive where !replica.isEnding { replica.stop() }
        slots = slots.map { _ in nil }
        let limit = timeline.now + Timeline.microseconds(Self.endingTime)
        while checker.violation == nil, timeline.now < limit,
            !alive.isEmpty || leftovers.contains(where: { $0.unfinished != nil })
        {
            pass(until: timeline.now + 1_000_000)
        }
        if let replica = alive.first { checker.note("\(replica.name) was told to end and has not") }
        guard checker.violation == nil else { return }
        checker.checkLeftovers(leftovers)
    }

    /// Ends everything that still runs after a violation, so that the next environment has none of its jobs.
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
        if isStormy, plan.has(.skew) { clock.set(offset: .seconds(random.within(-40...40))) }
        let network = SimulatedNetwork(name, timeline, dependencies(slot, name))
        checker.started(name, clock, hasElection: hasElection)
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
                random: { [random] in random.fraction() }, logger: logger))
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
            arrivesAfterDeath: { [unowned self] in random.chance(percent: 50) })
    }

    private func crashWhereDue() {
        guard let (slot, jobs) = jobsUntilCrash else { return }
        jobsUntilCrash = jobs == 0 ? nil : (slot, jobs - 1)
        guard jobs == 0, isStormy, let replica = slots[slot], !replica.isEnding else { return }
        trace.add(timeline.now, "environment", "kill \(replica.name)")
        replica.kill()
        slots[slot] = nil
        timeline.after(random.duration(100...30_000)) { [unowned self] in launch(slot) }
    }

    private func buryTheDead() {
        guard alive.contains(where: \.isOver) else { return }
        for replica in alive where replica.isOver {
            if !replica.isEnding {
                let why = replica.failure.map { "\($0)" } ?? "no error"
                checker.note("\(replica.name) ended without a request: \(why)")
            }
            leftovers.append(Leftovers(replica))
        }
        for index in slots.indices where slots[index]?.isOver == true { slots[index] = nil }
        alive.removeAll(where: \.isOver)
    }
}
