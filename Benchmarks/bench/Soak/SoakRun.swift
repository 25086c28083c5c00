import FoundationEssentials
import Glibc
import TestSupport
import WireFormats

/// The processes of a soak test, its actions and its observations.
final class SoakRun {
    /// A signal ended the soak test.
    struct Interrupted: Error {}

    enum Phase: String {
        case start, chaos, quiet
    }

    struct Sample {
        var seconds: Double
        var phase: Phase
        var processes: [ProcessSample]
        var zombies: Int
    }

    let directory: String
    let report: SoakReport
    let cluster: Cluster
    let metrics: MetricsServer
    let scaler: OperatorProcess
    private let signals: StopSignals
    private(set) var population: SoakPopulation
    private(set) var counts = SoakCounts()
    private(set) var samples: [Sample] = []
    /// When each scaler was last polled, in microseconds since 1970.
    private(set) var polls: [Int: Int64] = [:]
    private(set) var started: Set<String> = []
    private(set) var phase = Phase.start

    private var killer: PluginKiller
    private var log: GrowingLog
    private var faultRandom: SplitMix64
    private var kill: Recurring
    private var fault: Recurring
    private var edit: Recurring
    private var replacement: Recurring
    private var forgottenEvents: Recurring
    private var sample = Recurring(every: SoakLimits.sampleMilliseconds, seed: 0)
    private var progress = Recurring(every: 60_000...60_000, seed: 0)

    init(directory: String, seed: UInt64, report: SoakReport, signals: StopSignals) throws {
        (self.directory, self.report, self.signals) = (directory, report, signals)
        let kubeconfig = "\(directory)/kubeconfig"
        cluster = try Cluster(kubeconfig: kubeconfig)
        metrics = try MetricsServer()
        try metrics.setMoving(true)
        // Times and choices have separate random sequences, so that one does not affect the other.
        var seeds = SplitMix64(seed: seed)
        population = try SoakPopulation(
            SoakLimits.scalers, in: cluster, source: metrics.address, seed: seeds.next())
        killer = PluginKiller(seed: seeds.next())
        faultRandom = SplitMix64(seed: seeds.next())
        kill = Recurring(every: SoakLimits.killGap, seed: seeds.next())
        fault = Recurring(every: SoakLimits.faultGap, seed: seeds.next())
        edit = Recurring(every: SoakLimits.editGap, seed: seeds.next())
        replacement = Recurring(every: SoakLimits.replacementGap, seed: seeds.next())
        forgottenEvents = Recurring(every: SoakLimits.forgottenEventsGap, seed: seeds.next())
        scaler = try OperatorProcess(directory: directory, kubeconfig: kubeconfig)
        log = GrowingLog("\(directory)/operator.log")
    }

    deinit {
        // Before the cluster that it uses.
        scaler.stop()
        log.end()
    }

    // MARK: Phases

    /// Waits until every scaler has a status.
    func start() throws {
        _ = try wait("every scaler's first status") { started.count == SoakLimits.scalers }
    }

    /// - Parameter seconds: the time in the report at which to stop.
    func chaos(until seconds: Double) throws {
        begin(.chaos)
        while report.seconds < seconds {
            try step()
            try trouble(.now)
        }
        try cluster.endFaults()
        begin(.quiet)
    }

    private func begin(_ phase: Phase) {
        self.phase = phase
        report.record(["event": "phase", "what": .string(phase.rawValue)])
    }

    /// - Returns: the seconds until the condition was true; nil if it was not within ``SoakLimits/patience``.
    func secondsUntil(_ isSo: () throws -> Bool) throws -> Double? {
        let start = report.seconds
        while try !isSo() {
            guard report.seconds - start < SoakLimits.patience / .seconds(1) else { return nil }
            try step()
        }
        return report.seconds - start
    }

    private func wait(_ what: String, until isSo: () throws -> Bool) throws {
        guard try secondsUntil(isSo) == nil else { return }
        throw BenchError(
            "timed out waiting for \(what) after \(SoakLimits.patience); the operator's log ends:\n\(logEnd)")
    }

    /// Takes that many samples.
    func sample(times: Int) throws -> ArraySlice<Sample> {
        let before = samples.count
        while samples.count < before + times { try step() }
        return samples[before...]
    }

    func rest(seconds: Double) throws {
        let end = report.seconds + seconds
        while report.seconds < end { try step() }
    }

    // MARK: Steps

    /// Waits briefly and checks for events.
    private func step() throws {
        if signals.wait(milliseconds: SoakLimits.stepMilliseconds) { throw Interrupted() }
        for query in try metrics.take() { polls[query.index] = query.microseconds }
        for request in try cluster.take() { count(request) }
        for line in log.lines() {
            // The severity follows the time.
            switch line.split(separator: " ", maxSplits: 2).dropFirst().first {
            case "error": counts.errors += 1
            case "warning": counts.warnings += 1
            default: break
            }
        }
        let now = ContinuousClock.now
        if sample.isDue(at: now) { try takeSample() }
        if progress.isDue(at: now) { sayProgress() }
    }

    private func count(_ request: Cluster.Request) {
        guard request.status < 400 else {
            counts.refused += 1
            return
        }
        switch (request.verb, request.resource) {
        case ("patch", "deployments/scale"), ("update", "deployments/scale"): counts.patches += 1
        case ("patch", "generalscalers/status"), ("update", "generalscalers/status"):
            counts.otherWrites += 1
            if phase == .start { started.insert(request.name) }
        case ("create", "events"), ("patch", "events"): counts.otherWrites += 1
        default: break
        }
    }

    private func takeSample() throws {
        let family = ProcessTimes.family(of: scaler.identifier)
        let processes = family.compactMap(ProcessSample.init)
        guard processes.first?.name == "operator" else {
            throw BenchError("the operator has ended; its log ends:\n\(logEnd)")
        }
        let zombies = family.count(where: ProcessSample.isZombie)
        samples.append(Sample(seconds: report.seconds, phase: phase, processes: processes, zombies: zombies))
        report.record([
            "phase": .string(phase.rawValue), "processes": .array(processes.map(\.json)),
            "zombies": .integer(Int64(zombies)), "counts": counts.json,
        ])
    }

    private func sayProgress() {
        guard let own = samples.last?.processes.first else { return }
        let descriptors = own.descriptors.values.reduce(0, +)
        report.say(
            """
            minute \(Int(report.seconds / 60)), \(phase.rawValue): operator \(Table.number(own.anonymousMiB)) MiB \
            (PSS \(Table.number(own.proportionalMiB))), \(descriptors) descriptors, \(own.threads) threads; \
            \(counts.kills) kills, \(counts.faults) faults, \(counts.refused) requests refused, \(counts.edits) edits, \
            \(counts.replaced) replaced, \(counts.patches) scale operations, \(counts.otherWrites) other writes; \
            log: \(counts.errors) errors, \(counts.warnings) warnings
            """)
    }

    private var logEnd: String {
        contents("\(directory)/operator.log").split(separator: "\n").suffix(5).joined(separator: "\n")
    }

    // MARK: Trouble

    private func trouble(_ now: ContinuousClock.Instant) throws {
        if kill.isDue(at: now), let name = killer.kill(plugins(), now: now) {
            counts.kills += 1
            report.record(["event": "kill", "what": .string(name)])
        }
        if fault.isDue(at: now) {
            let fault = ClusterFault(using: &faultRandom)
            try cluster.begin(fault)
            counts.faults += 1
            report.record(["event": "fault", "what": .string(fault.kind.rawValue)])
        }
        if edit.isDue(at: now) {
            try population.edit()
            counts.edits += 1
        }
        if replacement.isDue(at: now) {
            try population.replace()
            counts.replaced += 1
        }
        if forgottenEvents.isDue(at: now) { try population.forgetEvents() }
    }

    /// Returns the running plugin processes of the operator.
    func plugins() -> [String: pid_t] {
        var plugins: [String: pid_t] = [:]
        for process in ProcessTimes.family(of: scaler.identifier).dropFirst() {
            guard let program = ProcessSample.program(of: process)?.split(separator: "/").last.map(String.init) else {
                continue
            }
            if OperatorProcess.plugins.contains(program) { plugins[program] = process }
        }
        return plugins
    }
}
