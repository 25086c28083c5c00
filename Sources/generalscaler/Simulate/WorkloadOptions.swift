import ArgumentParser
import Backtest

/// Options of the simulated target.
struct WorkloadOptions: ParsableArguments {
    @Option(help: "Seconds until a new replica is ready.")
    var startupDelay = 30.0

    @Option(
        name: .customLong("capacity-per-replica"),
        help: ArgumentHelp(
            "Load that one replica can handle; more is out of SLO. Default: the target of --file and its tolerance.",
            valueName: "[metric=]value")
    )
    var capacities: [String] = []

    @Option(
        name: .customLong("as-recorded"),
        help: ArgumentHelp("Metric whose value does not depend on the replicas (repeatable).", valueName: "metric")
    )
    var replayed: [String] = []

    @Option(help: "Replicas while the trace was recorded, if it has no column replicas.")
    var recordedReplicas: Int?

    @Option(help: "Replicas at the start. Default: those recorded, or minReplicas.")
    var initialReplicas: Int?

    @Option(help: "Price of one replica for one hour. Default: costPerPodPerHour of the cost policy.")
    var price: Double?

    func validate() throws {
        guard (0...86_400).contains(startupDelay) else {
            throw ValidationError("--startup-delay must be from 0 to 86400 seconds.")
        }
        for (option, value) in [
            ("--recorded-replicas", recordedReplicas), ("--initial-replicas", initialReplicas),
        ] {
            guard value.map({ (0...Int(Int32.max)).contains($0) }) ?? true else {
                throw ValidationError("\(option) must be from 0 to \(Int32.max).")
            }
        }
        guard price.map({ $0 >= 0 && $0.isFinite }) ?? true else {
            throw ValidationError("--price must be a number, 0 or more.")
        }
    }

    /// Returns the workload of a simulated scaler.
    ///
    /// - Parameters:
    ///   - metrics: the names of its metrics.
    ///   - known: the names of the metrics of all simulated scalers, those of the first scaler first. A capacity
    ///     without a metric's name applies to the first metric.
    func workload(metrics: [String], known: [String]) throws -> Workload {
        var byMetric: [String: Double] = [:]
        for text in capacities {
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
        if let unknown = replayed.first(where: { !known.contains($0) }) {
            throw ValidationError("--as-recorded: the spec has no metric \"\(unknown)\".")
        }
        return Workload(
            startupDelay: .seconds(startupDelay), capacities: byMetric.filter { metrics.contains($0.key) },
            replayed: Set(replayed).intersection(metrics), recordedReplicas: recordedReplicas,
            initialReplicas: initialReplicas, pricePerReplicaHour: price
        )
    }
}
