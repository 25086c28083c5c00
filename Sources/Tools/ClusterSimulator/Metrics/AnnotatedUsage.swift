import WireFormats

/// The usage of a workload's pods as annotations of the workload set it: `generalscaler-dev/cpu` and
/// `generalscaler-dev/memory` have what all running pods use together, such as `1500m` and `3Gi`. Each has an equal share, so
/// that the usage of each falls when the workload is scaled up.
struct AnnotatedUsage {
    static let prefix = "generalscaler-dev/"
    /// What a pod uses without an annotation, in nanocores and bytes.
    private static let idle = ["cpu": 1_000_000.0, "memory": 16_777_216.0]
    private static let suffixes: [Substring: Double] = [
        "": 1, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "Ki": 1_024, "Mi": 1_048_576,
        "Gi": 1_073_741_824,
    ]

    /// In nanocores and bytes.
    private let shares: [String: Double]

    /// - Parameter pods: the number of running pods.
    init(_ workload: JSON, pods: Int) {
        let annotations = workload[at: "metadata", "annotations"]
        shares = Self.idle.reduce(into: [:]) { shares, idle in
            let total = annotations?["\(Self.prefix)\(idle.key)"]?.stringValue.flatMap(Self.amount)
            let unit = idle.key == "cpu" ? 1e9 : 1
            shares[idle.key] = total.map { $0 * unit / Double(max(1, pods)) } ?? idle.value
        }
    }

    /// Returns the usage of a pod, all of it in its first container.
    func ofPod(_ pod: JSON) -> PodUsage {
        let names = pod[at: "spec", "containers"]?.arrayValue?.compactMap { $0.string("name") } ?? []
        var containers: [String: [String: String]] = [:]
        for (index, name) in names.enumerated() {
            let amounts = index == 0 ? shares : ["cpu": 0, "memory": 0]
            containers[name] = amounts.reduce(into: [:]) { texts, amount in
                texts[amount.key] = "\(Int64(amount.value.rounded()))\(amount.key == "cpu" ? "n" : "")"
            }
        }
        return PodUsage(containers)
    }

    /// Returns nil for a text that is not a quantity of 0 to 1e12.
    private static func amount(_ text: String) -> Double? {
        let number = text.prefix { $0.isNumber || $0 == "." }
        guard let value = Double(number), let factor = suffixes[text[number.endIndex...]] else { return nil }
        let amount = value * factor
        return 0...1e12 ~= amount ? amount : nil
    }
}
