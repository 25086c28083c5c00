import ArgumentParser
import Backtest

/// Options of the simulated targets.
struct WorkloadOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Seconds until a new replica is ready. Default: 30.", valueName: "[scaler=]seconds"))
    var startupDelay: [PerScaler<Double>] = []

    @Option(
        name: .customLong("capacity-per-replica"),
        help: ArgumentHelp(
            "Load that one replica can handle; more is out of SLO. Default: the target of --file and its tolerance.",
            valueName: "[scaler=][metric=]value")
    )
    var capacities: [PerScaler<String>] = []

    @Option(
        name: .customLong("as-recorded"),
        help: ArgumentHelp(
            "Metric whose value does not depend on the replicas (repeatable).", valueName: "[scaler=]metric")
    )
    var replayed: [PerScaler<String>] = []

    @Option(
        help: ArgumentHelp(
            "Replicas while the trace was recorded, if it has no column replicas.", valueName: "[scaler=]replicas"))
    var recordedReplicas: [PerScaler<Int>] = []

    @Option(
        help: ArgumentHelp(
            "Replicas at the start. Default: those recorded, or minReplicas.", valueName: "[scaler=]replicas"))
    var initialReplicas: [PerScaler<Int>] = []

    @Option(
        help: ArgumentHelp(
            "Price of one replica for one hour. Default: costPerPodPerHour of the cost policy.",
            valueName: "[scaler=]price"))
    var price: [PerScaler<Double>] = []

    /// The names of scalers that options have.
    var scalers: Set<String> {
        let names =
            startupDelay.map(\.scaler) + capacities.map(\.scaler) + replayed.map(\.scaler)
            + recordedReplicas.map(\.scaler) + initialReplicas.map(\.scaler) + price.map(\.scaler)
        return Set(names.compactMap { $0 })
    }

    func validate() throws {
        guard startupDelay.allSatisfy({ (0...86_400).contains($0.value) }) else {
            throw ValidationError("--startup-delay must be from 0 to 86400 seconds.")
        }
        for (option, values) in [
            ("--recorded-replicas", recordedReplicas), ("--initial-replicas", initialReplicas),
        ] {
            guard values.allSatisfy({ (0...Int(Int32.max)).contains($0.value) }) else {
                throw ValidationError("\(option) must be from 0 to \(Int32.max).")
            }
        }
        guard price.allSatisfy({ $0.value >= 0 && $0.value.isFinite }) else {
            throw ValidationError("--price must be a number, 0 or more.")
        }
    }

    /// - Throws: `ValidationError` if an option names another scaler.
    func requireKnown(_ scalers: [String]) throws {
        guard let unknown = self.scalers.sorted().first(where: { !scalers.contains($0) }) else { return }
        throw ValidationError(
            "\"\(unknown)\" in an option is no GeneralScaler of the files, which have \(scalers.joined(separator: ", "))."
        )
    }

    /// Returns the workload of a simulated scaler.
    ///
    /// - Parameters:
    ///   - scaler: its namespace and name.
    ///   - metrics: the names of its metrics.
    ///   - known: the names of the metrics of all simulated scalers, first those of the scaler to which a capacity
    ///     without a metric's name applies: to its first metric.
    func workload(of scaler: String, metrics: [String], known: [String]) throws -> Workload {
        var byMetric: [String: Double] = [:]
        // Those that name the scaler have precedence.
        for text in capacities.values(for: scaler) {
            let parts = text.split(separator: "=", maxSplits: 1)
            let name = parts.count == 2 ? String(parts[0]) : known.first ?? ""
            guard let number = parts.last.flatMap({ Double($0) }), number > 0, number.isFinite, known.contains(name)
            else {
                throw ValidationError(
                    "--capacity-per-replica: \"\(text)\" is not a number above 0, or METRIC=NUMBER with a metric of the "
                        + "spec: \(known.joined(separator: ", ")).")
            }
            byMetric[name] = number
        }
        let replayed = replayed.values(for: scaler)
        if let unknown = replayed.first(where: { !known.contains($0) }) {
            throw ValidationError("--as-recorded: the spec has no metric \"\(unknown)\".")
        }
        return Workload(
            startupDelay: startupDelay.values(for: scaler).last.map { .seconds($0) } ?? Workload.defaultStartupDelay,
            capacities: byMetric.filter { metrics.contains($0.key) },
            replayed: Set(replayed).intersection(metrics),
            recordedReplicas: recordedReplicas.values(for: scaler).last,
            initialReplicas: initialReplicas.values(for: scaler).last,
            pricePerReplicaHour: price.values(for: scaler).last
        )
    }
}
