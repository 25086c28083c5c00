import CLinux
import Foundation
import Glibc
import Testing

/// A feature of the system that an attack requires.
enum KernelFeature: Sendable {
    /// Linux 5.13 or later with Landlock enabled.
    case landlock
    /// A kernel with seccomp filters.
    case seccomp
    /// Running as root, to become another user whose processes are limited.
    case root
    /// A private mount namespace.
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

    /// The command that runs another one in a private mount namespace.
    static let inMountNamespace =
        ["/usr/bin/unshare"] + (geteuid() == 0 ? [] : ["--user", "--map-root-user"])
        + ["--mount", "--propagation", "private"]

    /// The command prefix that runs a command as root in an isolated network.
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

    /// Whether CI has the feature, so that the attack is never skipped there. Whether a container may have namespaces
    /// depends on its host.
    fileprivate var isInCI: Bool {
        ![.mounts, .network].contains(self) && ProcessInfo.processInfo.environment["CI"] == "true"
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips a test if the system lacks the feature. In CI, the test runs anyway and fails.
    static func needs(_ feature: KernelFeature) -> Self {
        .enabled("needs \(feature)") { feature.isThere || feature.isInCI }
    }
}
