import ArgumentParser
import KubernetesClient
import Operator

/// Options of leader election.
struct ElectionOptions: ParsableArguments {
    @Option(
        help: """
            NAMESPACE/NAME of the Lease for leader election. Default: none; this process is always the leader.
            """,
        transform: ObjectKey.init(argument:)
    )
    var lease: ObjectKey?

    @Option(help: "Lease duration: seconds before standbys may take over.")
    var leaseDuration = seconds(LeaseTimes.standard.duration)

    @Option(help: "Seconds that a leader continues without renewing the lease.")
    var renewDeadline = seconds(LeaseTimes.standard.renewDeadline)

    @Option(help: "Seconds between two renewals or reads of the lease.")
    var retryPeriod = seconds(LeaseTimes.standard.retryPeriod)

    /// Returns the settings of leader election; nil without a lease.
    func election() throws -> LeaderElection? {
        guard let lease else { return nil }
        return LeaderElection(lease: lease, times: try times())
    }

    func validate() throws {
        guard [leaseDuration, renewDeadline, retryPeriod].allSatisfy({ $0.isFinite && abs($0) <= Self.longest }) else {
            throw ValidationError("--lease-duration, --renew-deadline and --retry-period are numbers of seconds.")
        }
        _ = try times()
    }

    /// An upper limit of all three durations.
    private static let longest = 86_400.0

    private func times() throws(ValidationError) -> LeaseTimes {
        do throws(LeaseTimes.ValidationError) {
            return try LeaseTimes(
                duration: .seconds(leaseDuration), renewDeadline: .seconds(renewDeadline),
                retryPeriod: .seconds(retryPeriod))
        } catch {
            throw ValidationError("--lease-duration, --renew-deadline, --retry-period: \(error).")
        }
    }

    private static func seconds(_ duration: Duration) -> Double { duration / .seconds(1) }
}

extension ObjectKey {
    /// Parses `NAMESPACE/NAME`.
    init(argument text: String) throws {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else {
            throw ValidationError("It must have the form NAMESPACE/NAME.")
        }
        self.init(namespace: String(parts[0]), name: String(parts[1]))
    }
}
