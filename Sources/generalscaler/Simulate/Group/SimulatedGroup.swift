import Backtest
import CommandSupport
import KubernetesClient
import Operator
import ScalerAPI
import Scaling
import TimeZones
import WireFormats

/// GeneralScalers and the ScalingBudgets over them from files, to be simulated together.
struct SimulatedGroup {
    /// A budget from a file.
    struct Budget {
        fileprivate let entry: ScalerFile.Entry
        let name: String
        /// The `spec` as written in the file.
        var json: JSON { entry.spec }
    }

    let scalers: [SimulatedScaler]
    let budgets: [Budget]
    /// The labels of namespaces that the files have.
    private let namespaces: [String: [String: String]]
    /// What pods of the workloads request that the files have, by namespace, kind and name.
    private let requests: [[String]: PodRequests]

    /// - Throws: ``FileProblem`` if an object is invalid or two have one name.
    init(_ files: [ScalerFile]) throws(FileProblem) {
        for file in files {
            guard file.problems.isEmpty else {
                throw FileProblem(path: file.path, message: file.problems.joined(separator: "\n"))
            }
        }
        var scalers: [SimulatedScaler] = []
        for entry in files.flatMap(\.scalers) {
            var scaler = try SimulatedScaler(entry)
            scaler.name = scaler.fullName
            if let other = scalers.first(where: { $0.fullName == scaler.fullName }) {
                throw FileProblem(
                    path: entry.path, message: "has the GeneralScaler \(scaler.fullName), which \(other.path) has too")
            }
            scalers.append(scaler)
        }
        self.scalers = scalers
        var budgets: [Budget] = []
        for entry in files.flatMap(\.budgets) {
            guard !budgets.contains(where: { $0.name == entry.name }) else {
                throw FileProblem(path: entry.path, message: "has a second ScalingBudget \(entry.name)")
            }
            let problems = ManifestCheck(budget: entry.json).problems
            guard problems.isEmpty else { throw entry.problem(InvalidSpec(problems: problems)) }
            budgets.append(Budget(entry: entry, name: entry.name))
        }
        self.budgets = budgets
        let others = files.flatMap(\.others)
        namespaces = Self.namespaces(others)
        requests = Self.requests(others)
    }

    /// Whether the files need a simulation of several objects together.
    var isGroup: Bool { scalers.count > 1 || !budgets.isEmpty }

    private static func namespaces(_ objects: [JSON]) -> [String: [String: String]] {
        var labels: [String: [String: String]] = [:]
        for object in objects where object["kind"] == "Namespace" {
            guard let name = object["metadata"]?["name"]?.stringValue else { continue }
            labels[name] = (object["metadata"]?["labels"]?.objectValue ?? [:]).compactMapValues(\.stringValue)
        }
        return labels
    }

    private static func requests(_ objects: [JSON]) -> [[String]: PodRequests] {
        var requests: [[String]: PodRequests] = [:]
        for object in objects {
            guard let kind = object["kind"]?.stringValue, let name = object["metadata"]?["name"]?.stringValue else {
                continue
            }
            let namespace = object["metadata"]?["namespace"]?.stringValue ?? "default"
            requests[[namespace, kind, name]] = PodRequests(target: object)
        }
        return requests
    }

    // MARK: Members

    /// Returns what is known of the consumption of a scaler's replicas.
    func consumption(of scaler: SimulatedScaler) -> ReplicaConsumption {
        var labels = namespaces[scaler.key.namespace] ?? [:]
        labels["kubernetes.io/metadata.name"] = scaler.key.namespace
        let target = scaler.parsed.target
        return ReplicaConsumption(
            labels: scaler.labels, namespaceLabels: labels, declared: scaler.parsed.declaredConsumption,
            requests: requests[[scaler.key.namespace, target.kind, target.name]])
    }

    /// Returns the price of a replica of a scaler: what it consumes of the cost that a budget limits, or what it
    /// declares; nil if unknown.
    func price(of scaler: SimulatedScaler, _ specs: [ScalingBudgetSpec]) -> Double? {
        let consumption = consumption(of: scaler)
        let isMember = { (spec: ScalingBudgetSpec) in
            spec.selector.matches(labels: consumption.labels, namespaceLabels: consumption.namespaceLabels)
        }
        let costs = specs.lazy.filter(isMember).compactMap {
            $0.consumption(of: ScalingBudgetSpec.cost, by: consumption)
        }
        return (costs.first ?? consumption.declared[ScalingBudgetSpec.cost])?.units
    }

    // MARK: Budgets

    /// Returns the specs of the budgets.
    ///
    /// - Parameter changed: specs to use in place of those in the files, by name.
    func specs(changed: [String: JSON] = [:]) throws(FileProblem) -> [ScalingBudgetSpec] {
        var specs: [ScalingBudgetSpec] = []
        for budget in budgets {
            do throws(InvalidSpec) {
                specs.append(
                    try ScalingBudgetSpec.parse(changed[budget.name] ?? budget.json, zones: TimeZoneDirectory.system)
                        .get())
            } catch {
                throw budget.entry.problem(error)
            }
        }
        return specs
    }

    /// Returns the budgets before the first poll, and what is fixed of them.
    func budgets(
        _ specs: [ScalingBudgetSpec], changed: [String: JSON], _ members: [GroupBacktest.Member]
    ) throws(FileProblem) -> (start: SimulatedBudgets, outlines: [BudgetOutline]) {
        let consumption = scalers.map(consumption)
        var objects: [(budget: ScalingBudget, spec: ScalingBudgetSpec)] = []
        for (budget, spec) in zip(budgets, specs) { objects.append((try Self.object(budget.entry), spec)) }
        let replay = BudgetReplay(
            objects,
            members: scalers.indices.map { index in
                BudgetReplay.Member(
                    key: scalers[index].key,
                    consumption: consumption[index], replicas: members[index].backtest.initialReplicas)
            })
        let outlines = zip(budgets, specs).enumerated().map { index, budget in
            let members = replay.members(of: index)
            return BudgetOutline(
                name: budget.0.name, isReport: budget.1.mode == .report, members: members,
                limits: budget.1.limits.map { limit in
                    BudgetOutline.Limit(
                        unit: limit.unit,
                        consumption: members.map {
                            budget.1.consumption(of: limit.unit, by: consumption[$0])?.units
                        })
                }, spec: changed[budget.0.name] ?? budget.0.json)
        }
        return (SimulatedBudgets(replay: replay), outlines)
    }

    /// A budget of a file has no identity of the API server.
    private static func object(_ entry: ScalerFile.Entry) throws(FileProblem) -> ScalingBudget {
        var object = entry.json.objectValue ?? [:]
        object["metadata"] = .object(
            (object["metadata"]?.objectValue ?? [:]).merging(["uid": "simulated", "resourceVersion": "1"]) { $1 })
        do throws(JSONPathError) {
            return try ScalingBudget(.object(object), zones: TimeZoneDirectory.system)
        } catch {
            throw entry.problem(InvalidSpec(problems: [error]))
        }
    }
}

/// The budgets of the operator, for a backtest.
struct SimulatedBudgets: SharedBudgets {
    fileprivate var replay: BudgetReplay

    mutating func decide(_ input: DecisionInput, member: Int) -> (outcome: DecisionOutcome, denied: [Int]) {
        let decided = replay.decide(input, member: member)
        return (decided.outcome, decided.denied)
    }

    mutating func settle(_ replicas: Int, member: Int) { replay.settle(replicas, member: member) }

    mutating func states(at now: Timestamp) -> [[LimitState]] {
        replay.limits(at: now).map { states in
            states.map {
                LimitState(limit: $0.limit, used: $0.used, demanded: $0.demanded, isUnknown: $0.unknown != nil)
            }
        }
    }
}
