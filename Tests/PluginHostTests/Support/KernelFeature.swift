import CLinux
import Foundation
import Glibc
import Testing

/// What of the system an attack needs to show anything.
enum KernelFeature: Sendable {
    /// Linux 5.13 or later, with Landlock switched on.
    case landlock
    /// A kernel that was built with seccomp filters.
    case seccomp
    /// To be another user, whose processes are limited.
    case root
    /// A mount namespace of the test's own.
    case mounts
    /// A network and a mount namespace of the test's own.
    case network

    var isThere: Bool {
        switch self {
        case .landlock: clinux_landlock_version() > 0
        case .seccomp:
            (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8))?.contains("\nSeccomp:") == true
        case .root: geteuid() == 0
        case .mounts: Self.succeeds(Self.inMountNamespace + ["/bin/mount", "--bind", "/usr", "/usr"])
        case .network: Self.succeeds(Self.inNetworkNamespace + ["/bin/mount", "--bind", "/usr", "/usr"])
        }
    }

    /// How a command is run in a mount namespace of its own.
    static let inMountNamespace =
        ["/usr/bin/unshare"] + (geteuid() == 0 ? [] : ["--user", "--map-root-user"])
        + ["--mount", "--propagation", "private"]

    /// How a command is run as the root of a network of its own, which nothing leaves.
    static let inNetworkNamespace = [
        "/usr/bin/unshare", "--user", "--map-root-user", "--net", "--mount", "--propagation", "private",
    ]

    private static func succeeds(_ command: [String]) -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: command[0])
        process.arguments = Array(command.dropFirst())
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    /// The project's CI has it, so that the attack is never skipped there. Whether a container may have namespaces is its
    /// host's choice.
    fileprivate var isInCI: Bool {
        ![.mounts, .network].contains(self) && ProcessInfo.processInfo.environment["CI"] == "true"
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips a test where the system lacks the feature. In CI the test runs all the same, and fails.
    static func needs(_ feature: KernelFeature) -> Self {
        .enabled("needs \(feature)") { feature.isThere || feature.isInCI }
    }
}
