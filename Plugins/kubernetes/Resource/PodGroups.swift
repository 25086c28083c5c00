/// A pod with what was measured of it.
struct MeasuredPod: Sendable, Hashable {
    let pod: Pod
    /// When the measurement's window ended, in microseconds since 1970, its length in microseconds, and the value; nil if
    /// there is no measurement.
    let measurement: Measurement?

    struct Measurement: Sendable, Hashable {
        let timestamp: Int64
        let window: Int64
        let value: Double
    }
}

/// How a pod counts.
///
/// Source: Kubernetes pkg/controller/podautoscaler/replica_calculator.go, `groupPods`, of 1.34.
enum PodState: Sendable, Hashable {
    /// With its value.
    case counted
    /// Not started, not ready, or too young for its CPU time to mean anything.
    case unready
    /// Runs, but has no value.
    case missing
    /// Ends or has ended.
    case ignored

    /// The flag --horizontal-pod-autoscaler-cpu-initialization-period has this default.
    static let cpuInitialization: Int64 = 300_000_000
    /// The flag --horizontal-pod-autoscaler-initial-readiness-delay has this default.
    static let initialReadinessDelay: Int64 = 30_000_000

    /// - Parameters:
    ///   - isCPU: whether the value is CPU time, which a pod uses while it starts.
    ///   - now: in microseconds since 1970.
    init(_ measured: MeasuredPod, isCPU: Bool, now: Int64) {
        let pod = measured.pod
        if pod.isBeingDeleted || pod.phase == "Failed" || pod.phase == "Succeeded" {
            self = .ignored
        } else if pod.phase == "Pending" {
            self = .unready
        } else if let measurement = measured.measurement {
            self = isCPU && Self.isStarting(pod, measurement, now) ? .unready : .counted
        } else {
            self = .missing
        }
    }

    private static func isStarting(_ pod: Pod, _ measurement: MeasuredPod.Measurement, _ now: Int64) -> Bool {
        guard let readiness = pod.readiness, let start = pod.startTime else { return true }
        // An absent time is the earliest one, as in Go.
        let changedAt = readiness.changedAt ?? .min / 2
        if start + cpuInitialization > now {
            // The whole window has to be after the pod became ready.
            return readiness.status == "False" || measurement.timestamp < changedAt + measurement.window
        }
        // Unready since its start.
        return readiness.status == "False" && start + initialReadinessDelay > changedAt
    }
}
