import FoundationEssentials
import Glibc

/// The operator with its plugins, started as a user starts it.
final class OperatorProcess {
    private static let plugins = ["prometheus", "redis", "pubsub"].map { "generalscaler-plugin-\($0)" }

    private let identifier: pid_t

    /// - Parameters:
    ///   - directory: gets copies of the programs, as they lie together in the image, and the log.
    init(directory: String, kubeconfig: String) throws {
        let programs = "\(directory)/bin"
        if !FileManager.default.fileExists(atPath: programs) {
            try FileManager.default.createDirectory(atPath: programs, withIntermediateDirectories: true)
            for name in ["generalscaler", "generalscaler-launch"] + Self.plugins {
                try FileManager.default.copyItem(atPath: "\(ownDirectory())/\(name)", toPath: "\(programs)/\(name)")
            }
        }
        // The shell redirects, and is gone before the operator begins.
        let command =
            "exec \(programs)/generalscaler run --kubeconfig \(kubeconfig) --listen 127.0.0.1:0 "
            + "--lease \(ScaleWorld.namespace)/generalscaler > \(directory)/audit.log 2> \(directory)/operator.log"
        identifier = try spawn(["sh", "-c", command])
    }

    deinit { stop() }

    private var isStopped = false

    /// As a rolling update does it: the lease is given back.
    func stop() {
        guard !isStopped else { return }
        isStopped = true
        kill(identifier, SIGTERM)
        waitpid(identifier, nil, 0)
    }

    /// Processor seconds of all its processes so far: the operator's, and the plugins'.
    func cpuSeconds() throws -> (own: Double, plugins: Double) {
        let family = ProcessTimes.family(of: identifier)
        let own = try ProcessTimes.cpuSeconds(of: identifier)
        return (own, try family.dropFirst().map(ProcessTimes.cpuSeconds).reduce(0, +))
    }

    /// Of all its processes together, in MiB.
    func memory() -> (resident: Double, proportional: Double) {
        ProcessTimes.family(of: identifier).map(ProcessTimes.memory).reduce((0, 0)) { ($0.0 + $1.0, $0.1 + $1.1) }
    }
}
