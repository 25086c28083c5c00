import FoundationEssentials
import Glibc
import WireFormats

/// A soak test: runs the operator under sustained fault injection, and checks its memory, its descriptors and its
/// function.
///
/// A thousand scalers follow changing values. Plugins are killed, the API server refuses requests, stalls and compacts,
/// and scalers are edited, deleted and recreated. Fault injection pauses twice, after the warm-up and at the end, to
/// compare the two states.
struct Soak {
    static let flag = "--soak"

    private let minutes: Double
    private let seed: UInt64
    /// The directory for `soak.jsonl` and the operator's log.
    private let output: String

    /// - Parameter words: the minutes, and optionally a seed to repeat a run.
    init(_ words: [String], output: String) throws {
        guard let minutes = words.first.flatMap(Double.init), minutes > 0, words.count <= 2,
            let seed = words.count == 2 ? UInt64(words[1]) : UInt64.random(in: 0..<1_000_000)
        else { throw BenchError("usage: \(Self.flag) MINUTES [SEED]") }
        (self.minutes, self.seed, self.output) = (minutes, seed, output)
    }

    /// - Returns: whether every limit was met.
    func run() throws -> Bool {
        // A write to a process that has ended must fail, and not end the benchmark.
        signal(SIGPIPE, SIG_IGN)
        let signals = StopSignals()
        let directory = FileManager.default.temporaryDirectory.appending(path: "bench-soak-\(getpid())").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer {
            let log = "\(output)/soak-operator.log"
            try? FileManager.default.removeItem(atPath: log)
            try? FileManager.default.copyItem(atPath: "\(directory)/operator.log", toPath: log)
            try? FileManager.default.removeItem(atPath: directory)
        }
        let report = try SoakReport(path: "\(output)/soak.jsonl")
        report.say("\(SoakLimits.scalers) scalers, \(Table.number(minutes)) minutes, SEED=\(seed)")
        do {
            return try judge(try SoakRun(directory: directory, seed: seed, report: report, signals: signals))
        } catch is SoakRun.Interrupted {
            report.say("interrupted")
        } catch {
            report.say("\(error)")
        }
        return false
    }

    private func judge(_ run: SoakRun) throws -> Bool {
        try run.start()
        let start = run.report.seconds
        let warmUp = min(SoakLimits.warmUp / .seconds(1), minutes * 60 / 3)
        try run.chaos(until: start + warmUp)
        let first = try quiet(run)
        let judgedFrom = run.report.seconds
        try run.chaos(until: start + minutes * 60)
        let last = try quiet(run)
        run.scaler.stop()

        let judged = run.samples.filter { $0.phase == .chaos && $0.seconds > judgedFrom }
        let step = max(1, judged.count / SoakLimits.fittedSamples)
        func growth(_ value: (ProcessSample) -> Double) -> TheilSen? {
            TheilSen(
                stride(from: 0, to: judged.count, by: step).compactMap { index in
                    judged[index].processes.first.map { (judged[index].seconds / 3_600, value($0)) }
                })
        }
        let fit = growth(\.anonymousMiB)
        let isLong = minutes >= SoakLimits.leastMinutesForVerdict
        let missed = SoakVerdict.missed(
            growth: isLong ? fit?.slope : nil, first: first, last: last, plugins: plugins(run.samples),
            leftovers: ProcessSample.running(below: run.directory).compactMap(ProcessSample.program))
        run.report.record([
            "event": "verdict", "seed": .integer(Int64(clamping: seed)), "from": .number(judgedFrom),
            "slope": fit.map { .number($0.slope) } ?? .null, "intercept": fit.map { .number($0.intercept) } ?? .null,
            "missed": .array(missed.map { .string($0) }),
        ])
        print("growth in MiB an hour: \(Self.text(fit)) anonymous, \(Self.text(growth(\.proportionalMiB))) PSS")
        if !isLong {
            print("too short for a verdict on growth: give it \(Int(SoakLimits.leastMinutesForVerdict)) minutes")
        }
        for (name, point) in [("first", first), ("last", last)] { print("\(name) quiet period: \(Self.text(point))") }
        for (name, most) in plugins(run.samples).sorted(by: { $0.key < $1.key }) {
            print("\(name) plugin: at most \(Table.number(most)) MiB anonymous")
        }
        for sentence in missed { print("MISSED: \(sentence)") }
        return missed.isEmpty
    }

    /// Measures the state without faults and without changes.
    private func quiet(_ run: SoakRun) throws -> QuietPoint {
        let quietSince = WallClock.microseconds()
        let poll = try run.secondsUntil { run.population.indices.allSatisfy { run.polls[$0] ?? 0 > quietSince } }
        _ = try run.metrics.raise(run.population.indices)
        var problem: String?
        var looked = -Double.infinity
        let follow = try run.secondsUntil {
            // Polls and scale operations take a moment.
            guard run.report.seconds - looked > 2 else { return false }
            problem = try run.population.problem()
            looked = run.report.seconds
            return problem == nil
        }
        try run.rest(seconds: SoakLimits.settling / .seconds(1))
        let samples = try run.sample(times: SoakLimits.quietSamples)
        let owned = ProcessTimes.family(of: run.scaler.identifier)
        let plugins = run.plugins()
        let expected = [run.scaler.identifier] + plugins.values
        let strays = Set(ProcessSample.running(below: run.directory) + owned).subtracting(expected)
        let point = QuietPoint(
            descriptors: Self.least(samples.compactMap { $0.processes.first?.descriptors }),
            pollSeconds: poll, followSeconds: follow, problem: problem, zombies: samples.map(\.zombies).min() ?? 0,
            strays: strays.sorted().map { ProcessSample.program(of: $0) ?? "process \($0)" },
            // The others rest, because no scaler uses them.
            missingPlugins: SoakPopulation.plugins.filter { plugins[$0] == nil })
        run.report.record(["event": "quiet", "what": .string(Self.text(point))])
        _ = try run.metrics.raise([])
        return point
    }

    private static func least(_ counts: [[String: Int]]) -> [String: Int] {
        Dictionary(
            uniqueKeysWithValues: Set(counts.flatMap(\.keys)).map { kind in
                (kind, counts.map { $0[kind] ?? 0 }.min() ?? 0)
            }
        ).filter { $0.value > 0 }
    }

    /// Returns the maximum anonymous MiB of each plugin.
    private func plugins(_ samples: [SoakRun.Sample]) -> [String: Double] {
        Dictionary(
            samples.flatMap { $0.processes.dropFirst() }.map { ($0.name, $0.anonymousMiB) }, uniquingKeysWith: max)
    }

    private static func text(_ fit: TheilSen?) -> String { fit.map { Table.number($0.slope) } ?? "unknown" }

    private static func text(_ point: QuietPoint) -> String {
        let kinds = point.descriptors.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        let poll = point.pollSeconds.map(Table.number) ?? "-"
        let follow = point.followSeconds.map(Table.number) ?? "-"
        return "\(point.descriptors.values.reduce(0, +)) descriptors (\(kinds)), all polled after \(poll) s, "
            + "all followed after \(follow) s, \(point.zombies) zombies"
    }
}
