import PluginSDK
import WireFormats

/// A resource of pods.
enum PodResource: String, CaseIterable, ConfigValue {
    case cpu
    case memory

    /// The unit of its quantities.
    var unit: String { self == .cpu ? "cores" : "bytes" }
}

/// Amounts of the resources, in their units; nil for one that is not stated.
struct ResourceAmounts: Sendable, Hashable {
    var cpu: Double?
    var memory: Double?

    subscript(resource: PodResource) -> Double? { resource == .cpu ? cpu : memory }

    /// - Throws: an error about `what` if an amount is not a quantity.
    init(_ json: JSON?, of what: @autoclosure () -> String) throws(PluginError) {
        cpu = try Self.amount(json?["cpu"], what())
        memory = try Self.amount(json?["memory"], what())
    }

    private static func amount(_ json: JSON?, _ what: @autoclosure () -> String) throws(PluginError) -> Double? {
        guard let json, !json.isNull else { return nil }
        // A whole number is a quantity too.
        let text = json.stringValue ?? (json.doubleValue != nil ? json.description : "")
        guard let value = Quantity.value(text) else { throw .malformed(what(), "\(json) is not a quantity") }
        return value
    }
}

/// What the rules of the HorizontalPodAutoscaler need of a pod.
struct Pod: Sendable, Hashable {
    struct Container: Sendable, Hashable {
        let name: String
        let requests: ResourceAmounts
    }

    /// The condition `Ready`.
    struct Readiness: Sendable, Hashable {
        /// `True`, `False` or `Unknown`.
        let status: String
        /// In microseconds since 1970; nil if it is not stated.
        let changedAt: Int64?
    }

    let name: String
    let labels: [String: String]
    let isBeingDeleted: Bool
    let phase: String
    let readiness: Readiness?
    /// In microseconds since 1970.
    let startTime: Int64?
    /// The containers that run beside each other, with init containers that keep running.
    let containers: [Container]
    /// The requests of the pod as a whole; nil if it states none.
    let ownRequests: ResourceAmounts?
    let overhead: ResourceAmounts

    var isReady: Bool { readiness?.status == "True" }

    init(_ json: JSON) throws(PluginError) {
        let metadata = json["metadata"]
        let (spec, status) = (json["spec"], json["status"])
        guard let name = metadata?["name"]?.stringValue else { throw .malformed("pods", "a pod has no name") }
        self.name = name
        labels = (metadata?["labels"]?.objectValue ?? [:]).compactMapValues(\.stringValue)
        isBeingDeleted = !(metadata?["deletionTimestamp"]?.isNull ?? true)
        phase = status?["phase"]?.stringValue ?? ""
        let condition = status?["conditions"]?.arrayValue?.first { $0["type"] == "Ready" }
        readiness = condition.map {
            Readiness(
                status: $0["status"]?.stringValue ?? "",
                changedAt: $0["lastTransitionTime"]?.stringValue.flatMap(RFC3339.microseconds))
        }
        startTime = status?["startTime"]?.stringValue.flatMap(RFC3339.microseconds)
        let sidecars = (spec?["initContainers"]?.arrayValue ?? []).filter { $0["restartPolicy"] == "Always" }
        var containers: [Container] = []
        for container in (spec?["containers"]?.arrayValue ?? []) + sidecars {
            let requests = try ResourceAmounts(container["resources"]?["requests"], of: "pod \(name)")
            containers.append(Container(name: container["name"]?.stringValue ?? "", requests: requests))
        }
        self.containers = containers
        let own = spec?["resources"]?["requests"]
        ownRequests = own?.objectValue.map { !$0.isEmpty } == true ? try ResourceAmounts(own, of: "pod \(name)") : nil
        overhead = try ResourceAmounts(spec?["overhead"], of: "pod \(name)")
    }
}

/// The usage of a pod's containers, as the metrics API reports it.
struct PodMetrics: Sendable, Hashable {
    struct Container: Sendable, Hashable {
        let name: String
        let usage: ResourceAmounts
    }

    let name: String
    /// When the window ended, in microseconds since 1970.
    let timestamp: Int64
    /// In microseconds.
    let window: Int64
    let containers: [Container]

    init(_ json: JSON) throws(PluginError) {
        guard let name = json["metadata"]?["name"]?.stringValue else {
            throw .malformed("pod metrics", "an item has no name")
        }
        guard let time = json["timestamp"]?.stringValue.flatMap(RFC3339.microseconds) else {
            throw .malformed("pod metrics", "\(name) has no timestamp")
        }
        guard let window = json["window"]?.stringValue.flatMap(GoDuration.microseconds) else {
            throw .malformed("pod metrics", "\(name) has no window")
        }
        self.name = name
        timestamp = time
        self.window = window
        var containers: [Container] = []
        for container in json["containers"]?.arrayValue ?? [] {
            let usage = try ResourceAmounts(container["usage"], of: "pod metrics of \(name)")
            containers.append(Container(name: container["name"]?.stringValue ?? "", usage: usage))
        }
        self.containers = containers
    }

    /// Returns the usage of a container, or of all together; nil if the API has none for one of them.
    func usage(of resource: PodResource, container: String?) -> Double? {
        let chosen = container.map { name in containers.filter { $0.name == name } } ?? containers
        let amounts = chosen.map { $0.usage[resource] }
        guard !amounts.isEmpty, !amounts.contains(nil) else { return nil }
        return amounts.compactMap(\.self).reduce(0, +)
    }
}

/// Durations as Go writes them, such as `30s`, `1m0.5s` or `15.028s`.
enum GoDuration {
    private static let units: [Substring: Double] = [
        "h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1_000, "us": 1, "µs": 1, "μs": 1, "ns": 0.001,
    ]
    private static let maxBytes = 64
    /// A year.
    private static let maxMicroseconds: Double = 366 * 86_400_000_000

    /// Returns nil if the text is not a duration of up to a year, or is negative.
    static func microseconds(_ text: String) -> Int64? {
        guard !text.isEmpty, text.utf8.count <= maxBytes else { return nil }
        if text == "0" { return 0 }
        var rest = text[...]
        var total = 0.0
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isWholeNumber || $0 == ".") }
            rest = rest[number.endIndex...]
            let unit = rest.prefix { !$0.isWholeNumber && $0 != "." }
            rest = rest[unit.endIndex...]
            guard let factor = units[unit], let value = Double(number) else { return nil }
            total += value * factor
        }
        return total <= maxMicroseconds ? Int64(total.rounded()) : nil
    }
}
