/// How a metric's value is compared with its target.
public enum TargetType: String, Sendable, Hashable, CaseIterable {
    /// The value is compared directly: a rate per replica, a latency, an age.
    case value = "Value"
    /// The value is divided by the replicas: a queue's length, a total rate.
    case averageValue = "AverageValue"
}
