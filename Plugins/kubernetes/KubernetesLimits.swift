import WireFormats

/// Every bound of the plugin.
enum KubernetesLimits {
    static let maxInFlight = 64
    /// Of one answer, or one page of a list, after content decoding.
    static let maxBodyBytes = 16 << 20
    /// Objects of one page of a list.
    static let pageSize = 250
    /// Objects of one list in all its pages.
    static let maxObjects = 20_000
    /// Pages of one list: a server may return fewer objects than asked for.
    static let maxPages = 4 * maxObjects / pageSize
    /// A pod with hundreds of containers is smaller.
    static let object = JSONLimits(bytes: 2 << 20, nodes: 20_000)
    /// The answer of an adapter for one metric.
    static let metricValues = JSONLimits(bytes: maxBodyBytes, nodes: 1 << 17)
    static let status = JSONLimits(bytes: 64 << 10, nodes: 512)
    /// How long the scalers of a namespace share a list.
    static let listLifetime: Duration = .seconds(5)
    /// Lists that are kept at one time.
    static let maxLists = 256
    /// Pods that all kept lists have together.
    static let maxKeptObjects = 200_000
    /// Field paths that one list keeps the values of.
    static let maxFieldPaths = 64
    /// Bytes of a label or field selector in a config.
    static let maxSelectorBytes = 4_096
    /// Requirements of a selector.
    static let maxRequirements = 64
    /// Bytes of a kept value of a field.
    static let maxFieldBytes = 1_024
    /// Pods that a message names.
    static let maxNamedPods = 3
}
