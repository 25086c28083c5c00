package import KubernetesClient

/// By which lease replicas agree on a leader.
package struct LeaderElection: Sendable {
    package var lease: ObjectKey
    package var times: LeaseTimes

    package init(lease: ObjectKey, times: LeaseTimes = .standard) {
        self.lease = lease
        self.times = times
    }
}
