package import KubernetesClient

/// The lease with which replicas elect a leader.
package struct LeaderElection: Sendable {
    package var lease: ObjectKey
    package var times: LeaseTimes

    package init(lease: ObjectKey, times: LeaseTimes = .standard) {
        self.lease = lease
        self.times = times
    }
}
