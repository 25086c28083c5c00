import FoundationEssentials
import Glibc

/// The operator with its plugins, started like in production.
final class OperatorProcess {
    static let plugins = ["http", "prometheus", "redis", "pubsub", "postgresql", "keda"].map {
        "generalscaler-plugin-\($0)"
    }

    /// Runs a program, prints its process id, and ends it when its input closes, even if this process is killed. Sends
    /// SIGTERM first, and SIGKILL after some time.
    private static let script = """
        "$@" > "$0/audit.log" 2> "$0/operator.log" &
        program=$!
        echo $program
        read -r line
        kill -TERM $program
        { timeout 30 tail --pid=$program -f /dev/null || kill -KILL $program; } > /dev/null 2>&1 &
        wait $program
        """

    let identifier: pid_t
    private var process: LineProcess?

    /// - Parameters:
    ///   - directory: receives the log and copies of the programs in one directory, as in the image.
    ///   - environment: additional `NAME=value` entries for the operator.
    init(directory: String, kubeconfig: String, environment: [String] = []) throws {
        let programs = "\(directory)/bin"
        if !FileManager.default.fileExists(atPath: programs) {
            try FileManager.default.createDirectory(atPath: programs, withIntermediateDirectories: true)
            for name in ["generalscaler", "generalscaler-launch"] + Self.plugins {
                try FileManager.default.copyItem(atPath: "\(ownDirectory())/\(name)", toPath: "\(programs)/\(name)")
            }
        }
        process = try LineProcess(
            ["sh", "-c", Self.script, directory, "env"] + environment
                + ["\(programs)/generalscaler", "run", "--kubeconfig", kubeconfig, "--listen", "127.0.0.1:0"]
                + ["--lease", "\(ScaleEnvironment.namespace)/generalscaler"])
        let line = try process?.receive() ?? ""
        guard let identifier = pid_t(line) else { throw BenchError("the operator's process is \"\(line)\"") }
        self.identifier = identifier
    }

    /// Stops the operator like a rolling update, which releases the lease.
    func stop() { process = nil }

    /// Returns the CPU seconds of all its processes so far: of the operator, and of the plugins.
    func cpuSeconds() throws -> (own: Double, plugins: Double) {
        let family = ProcessTimes.family(of: identifier)
        let own = try ProcessTimes.cpuSeconds(of: identifier)
        return (own, try family.dropFirst().map(ProcessTimes.cpuSeconds).reduce(0, +))
    }

    /// Returns the memory of all its processes in MiB.
    func memory() -> (resident: Double, proportional: Double) {
        ProcessTimes.family(of: identifier).map(ProcessTimes.memory).reduce((0, 0)) { ($0.0 + $1.0, $0.1 + $1.1) }
    }
}
