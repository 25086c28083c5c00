import TestSupport
import WireFormats

/// The existing scalers: their number is constant, though some are replaced.
struct SoakPopulation {
    /// The plugins in use.
    static let plugins = ["generalscaler-plugin-prometheus"]

    private static let scalers =
        "/apis/autoscaling.example.com/v1/namespaces/\(ScaleEnvironment.namespace)/generalscalers"
    private static let deployments = "/apis/apps/v1/namespaces/\(ScaleEnvironment.namespace)/deployments"
    private static let events = "/apis/events.k8s.io/v1/namespaces/\(ScaleEnvironment.namespace)/events"
    /// Short enough that replicas follow a value before it changes again.
    private static let safety: JSON = ["cooldownSeconds": 15, "scaleDownStabilizationSeconds": 15]
    /// The values of `maxReplicas` after edits: never below a required count.
    private static let maxima = 50...100

    /// The default tolerance of the resource.
    private static let tolerance = 0.1

    private let cluster: Cluster
    private let source: String
    private(set) var indices: [Int]
    private var next: Int
    private var random: SplitMix64

    /// Creates the scalers.
    init(_ count: Int, in cluster: Cluster, source: String, seed: UInt64) throws {
        (self.cluster, self.source) = (cluster, source)
        random = SplitMix64(seed: seed)
        indices = Array(0..<count)
        next = count
        for index in indices { try create(index, withTarget: true) }
    }

    /// Edits a scaler.
    mutating func edit() throws {
        let index = indices.randomElement(using: &random) ?? 0
        let most = Int64.random(in: Int64(Self.maxima.lowerBound)...Int64(Self.maxima.upperBound), using: &random)
        try cluster.patch(
            "\(Self.scalers)/\(ScaleEnvironment.name(index))", ["spec": ["maxReplicas": .integer(most)]])
    }

    /// Deletes a scaler, and recreates it, possibly with another target.
    mutating func replace() throws {
        let slot = Int.random(in: indices.indices, using: &random)
        let old = indices[slot]
        try cluster.delete("\(Self.scalers)/\(ScaleEnvironment.name(old))")
        if Bool.random(using: &random) { return try create(old, withTarget: false) }
        try cluster.delete("\(Self.deployments)/\(ScaleEnvironment.name(old))")
        indices[slot] = next
        try create(next, withTarget: true)
        next += 1
    }

    /// Deletes events, as the API server does after an hour.
    func forgetEvents() throws { try cluster.delete(Self.events) }

    /// Returns the problem with statuses or targets while every value is ``ScaleEnvironment/risenValue``; nil if there
    /// is none.
    func problem() throws -> String? {
        let replicas = Dictionary(
            (try cluster.get(Self.deployments)["items"]?.arrayValue ?? []).map {
                ($0["metadata"]?["name"]?.stringValue ?? "", $0["spec"]?["replicas"]?.intValue)
            }, uniquingKeysWith: { first, _ in first })
        let scalers = try cluster.get(Self.scalers)["items"]?.arrayValue ?? []
        guard scalers.count == indices.count else {
            return "\(scalers.count) GeneralScalers exist, not \(indices.count)"
        }
        let problems = scalers.compactMap { scaler -> String? in
            let name = scaler["metadata"]?["name"]?.stringValue ?? ""
            return Self.problem(scaler, replicas: replicas[name] ?? nil).map { "\(name) \($0)" }
        }
        return problems.first.map { "\(problems.count) scalers are in a wrong state; \($0)" }
    }

    private static func problem(_ scaler: JSON, replicas: Int?) -> String? {
        let status = scaler["status"]
        let ready = status?["conditions"]?.arrayValue?.first { $0["type"] == "Ready" }
        if status?["observedGeneration"] != scaler["metadata"]?["generation"] {
            return "has a status of an older generation"
        }
        if ready?["status"] != "True" {
            return "is not Ready: \(ready?["message"]?.stringValue ?? "no such condition")"
        }
        let desired = status?["desiredReplicas"]?.intValue ?? 0
        let ratio = ScaleEnvironment.risenValue / ScaleEnvironment.target / Double(desired)
        if abs(ratio - 1) > tolerance { return "desires \(desired) replicas" }
        if status?["currentReplicas"]?.intValue != desired || replicas != desired {
            return "desires \(desired) replicas; its status says \(status?["currentReplicas"] ?? .null), "
                + "its target \(replicas.map(String.init) ?? "nothing")"
        }
        return nil
    }

    private func create(_ index: Int, withTarget: Bool) throws {
        if withTarget { try cluster.post(ScaleEnvironment.deployment(index)) }
        try cluster.post(ScaleEnvironment.scaler(index, source: source, safety: Self.safety))
    }
}
