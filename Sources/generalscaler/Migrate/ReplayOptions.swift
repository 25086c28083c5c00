import ArgumentParser
import Backtest

/// Options of a replay beside the autoscaler of the source.
struct ReplayOptions: ParsableArguments {
    @Flag(help: "Run the HPA's algorithm on the same readings as each scaler, and report the minutes that differ.")
    var replay = false

    @Option(
        help: ArgumentHelp(
            "Version of Kubernetes whose HPA is replayed, such as 1.33: the scale to 0 and tolerances depend on it.",
            valueName: "version"))
    var kubernetesVersion = "1.\(HPASettings.defaultKubernetesMinor)"

    @OptionGroup var trace: TraceOptions

    @OptionGroup var history: HistoryOptions

    @OptionGroup var workload: WorkloadOptions

    /// The minor version; nil if the text is no version.
    var kubernetesMinor: Int? {
        let parts = kubernetesVersion.split(separator: ".")
        let major = parts.first?.drop { $0 == "v" }
        guard parts.count >= 2, major == "1", let minor = Int(parts[1]), (1...1_000).contains(minor) else { return nil }
        return minor
    }

    func validate() throws {
        guard kubernetesMinor != nil else {
            throw ValidationError("--kubernetes-version must be a version such as 1.33.")
        }
        let inputs = (trace.trace == nil ? 0 : 1) + (history.from == nil ? 0 : 1)
        guard replay || inputs == 0 else { throw ValidationError("--trace and --from need --replay.") }
        guard !replay || inputs == 1 else {
            throw ValidationError(
                "--replay needs either --trace, a file with recorded metrics, or --from, to fetch them.")
        }
    }
}
